import LockboxDomain
import LockboxNotifier

/// The time zone that the reader of the page which is being made has chosen; nil where she chose none,
/// and her browser adds its own. A value of the task, since every sentence with a time needs it.
enum ReadersZone {
    @TaskLocal static var current: TimeZoneName?
}

extension Timestamp {
    /// As the reader of the page reads it.
    func shown(withSeconds: Bool = false) -> String {
        words(in: ReadersZone.current, withSeconds: withSeconds)
    }
}

/// An instant as pages show it (`{{> moment}}`): in the reader's time zone and in UTC; UTC alone where
/// she chose none, and then the script adds her browser's time beside it.
struct ShownTime: Sendable {
    let iso: String
    let words: String
    let isLocal = ReadersZone.current != nil

    init(_ instant: Timestamp, withSeconds: Bool = false) {
        iso = instant.description
        words = instant.shown(withSeconds: withSeconds)
    }
}

/// Time left until an instant (`{{> countdown}}`): true when the page was made, and kept so by the
/// script.
struct Countdown: Sendable {
    /// The instant in milliseconds since 1970.
    let milliseconds: Int64
    let words: String

    init(until instant: Timestamp, now: Timestamp) {
        milliseconds = instant.milliseconds
        words = now < instant ? (instant - now).roughWords + " left" : "time is over"
    }
}

extension TimeSpan {
    /// The two largest units only: `11 hours 58 minutes`, never more than there is.
    var roughWords: String { words.split(separator: " ").prefix(4).joined(separator: " ") }
}

/// Where something stands (`{{> badge}}`): words, and a tone for the eye that says nothing the
/// words do not.
struct Badge: Sendable {
    enum Tone: String {
        case waiting, good, live, bad, quiet, change
    }

    let words: String
    let tone: String

    init(_ words: String, _ tone: Tone) {
        self.words = words
        self.tone = tone.rawValue
    }
}

/// One of the filters above a list.
struct Chip: Sendable {
    let chipLabel: String
    let chipLink: String
    let isCurrent: Bool
}

/// One of several things to choose among.
struct Choice: Sendable {
    let value: String
    let label: String
    let isChosen: Bool
}

/// What is wrong with what a person sent (`{{> problems}}`).
struct Problems: Sendable {
    let sentences: [String]
    let isAny: Bool

    static let none = Problems([])

    init(_ sentences: [String]) {
        self.sentences = sentences
        isAny = !sentences.isEmpty
    }
}
