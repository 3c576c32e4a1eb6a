import ArgumentParser
import Foundation
import LockboxInstallation
import LockboxServer

/// Runs a tool's work on what the configuration describes; problems become one line and exit status
/// 1. `alone`: as `Installation.open`.
func withServer<Value>(
    _ config: ConfigOption,
    by operatorOption: OperatorOption? = nil,
    alone: Bool = false,
    _ body: (Installation) async throws -> Value
) async throws -> Value {
    do {
        var configuration = try Configuration.load(
            path: config.config,
            environment: ProcessInfo.processInfo.environment
        )
        configuration.operatorAtConsole = try operatorOption?.name()
        let opened = try await Installation.open(
            configuration,
            onlyErrors: true,
            alone: alone
        )
        do {
            let value = try await body(opened)
            try await opened.close()
            return value
        } catch {
            try await opened.close()
            throw error
        }
    } catch let error as ExitCode {
        throw error
    } catch {
        throw Failure(error)
    }
}
