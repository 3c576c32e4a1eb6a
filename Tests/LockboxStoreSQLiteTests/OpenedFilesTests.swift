import Foundation
import LockboxDomain
import LockboxFixtures
import LockboxPorts
import Synchronization
import Testing

@testable import LockboxStoreSQLite

/// A database whose file is no longer the one that was opened takes no writes; one that somebody
/// else holds says so.
struct OpenedFilesTests {
    enum Change: CaseIterable {
        case removed, replaced, logRemoved

        func make(_ path: String) throws {
            let files = FileManager.default
            switch self {
            case .removed: try files.removeItem(atPath: path)
            case .replaced:
                try files.moveItem(atPath: path, toPath: path + ".old")
                try files.copyItem(atPath: path + ".old", toPath: path)
            case .logRemoved: try files.removeItem(atPath: path + "-wal")
            }
        }
    }

    @Test(arguments: Change.allCases)
    func filesThatWentAwayAreNotWrittenTo(_ change: Change) async throws {
        try await Self.withStore { store, path async throws in
            try await store.write { tx in try tx.saveProviderName("Before") }
            #expect(try await store.state().areInPlace)
            try change.make(path)
            #expect(try await store.state().areInPlace == false)
            let error = await #expect(throws: StoreError.self) {
                try await store.write { tx in try tx.saveProviderName("After") }
            }
            guard case .unavailable(let words) = error else {
                Issue.record("nothing was changed, and it says \(String(describing: error))")
                return
            }
            #expect(words == "the database's file was removed or replaced while it was open")
            #expect(try await store.read { tx in try tx.providerName() } == "Before")
        }
    }

    @Test func ordinaryWritesLeaveTheFilesInPlace() async throws {
        try await Self.withStore { store, _ async throws in
            for number in 0..<1200 {
                try await store.write { tx in try tx.saveProviderName("Name \(number)") }
            }
            let state = try await store.state()
            #expect(state.areInPlace && state.freeBytes > 0)
        }
    }

    @Test func databaseThatAnotherHoldsFailsWritesAndNotReads() async throws {
        try await Self.withStore { store, path async throws in
            try await store.write { tx in try tx.saveProviderName("Before") }
            let other = try await SQLiteStore.open(path: path)
            let (holds, release) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
            async let held: Void = other.write { tx in
                try tx.saveProviderName("Other")
                holds.signal()
                release.wait()
            }
            await Self.wait(for: holds)
            #expect(try await store.read { tx in try tx.providerName() } == "Before")
            await #expect(throws: StoreError.self) {
                try await store.write { tx in try tx.saveProviderName("After") }
            }
            release.signal()
            try await held
            try await store.write { tx in try tx.saveProviderName("After") }
            try await other.close()
        }
    }

    private static func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                semaphore.wait()
                continuation.resume()
            }
        }
    }

    private static func withStore(_ body: (SQLiteStore, String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "lockbox-files-\(ProcessInfo.processInfo.globallyUniqueString)"
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let store = try await SQLiteStore.open(path: folder + "/lockbox.sqlite")
        do {
            try await body(store, folder + "/lockbox.sqlite")
        } catch {
            try await store.close()
            try FileManager.default.removeItem(atPath: folder)
            throw error
        }
        try await store.close()
        try FileManager.default.removeItem(atPath: folder)
    }
}
