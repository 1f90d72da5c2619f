/// What an archive says of the objects that it was sent (PS3.18, 10.5.3). A status of 200 says nothing of a single one.
struct StoreAnswer {
    /// Those it says it has, with the reason for a warning where there is one.
    private(set) var stored: [String: Int?] = [:]
    /// Those it refuses, with its reason where it says one.
    private(set) var failed: [String: Int?] = [:]

    init(_ objects: [DICOMJSON]) {
        for object in objects {
            for item in object.items(ElementNumber.storedObjects) {
                guard let uid = item.texts(ElementNumber.referencedInstance).first else { continue }
                stored[uid] = .some(item.count(ElementNumber.warningReason))
            }
            for item in object.items(ElementNumber.failedObjects) {
                guard let uid = item.texts(ElementNumber.referencedInstance).first else { continue }
                failed[uid] = .some(item.count(ElementNumber.failureReason))
            }
        }
    }

    /// What became of one object.
    func outcome(of instance: String) -> SentObject.Outcome {
        if let reason = failed[instance] { return .refused(reason: reason) }
        guard let warning = stored[instance] else { return .unconfirmed }
        return .arrived(warning: warning)
    }
}

/// What became of a file that was sent.
public struct SentObject: Sendable, Equatable {
    /// What became of it.
    public enum Outcome: Sendable, Equatable {
        /// The archive says it has it, and lists it; with a warning where it changed something.
        case arrived(warning: Int?)
        /// The archive does not take it.
        case refused(reason: Int?)
        /// The archive does not say that it has it.
        case unconfirmed
        /// The archive says that it has it, but does not list it.
        case absent
        /// The archive gives back other bytes.
        case differs
    }

    /// `SOPInstanceUID`.
    public var instance: String
    /// What became of it.
    public var outcome: Outcome

    /// Whether it is there.
    public var hasArrived: Bool { if case .arrived = outcome { true } else { false } }

    /// What became of it, in words.
    public var words: String {
        switch outcome {
        case .arrived(nil): "is there"
        case .arrived(let code?): "is there, with the warning \(Self.meaning(code))"
        case .refused(nil): "was refused without a reason"
        case .refused(let code?): "was refused: \(Self.meaning(code))"
        case .unconfirmed: "is not mentioned in the answer"
        case .absent: "is said to be stored, but is not listed"
        case .differs: "came back with other bytes"
        }
    }

    /// The meaning of a reason for a failure or a warning (PS3.18, I.2; PS3.4, B.2.3).
    private static func meaning(_ code: Int) -> String {
        let text: String? =
            switch code {
            case 0xA700...0xA7FF: "it has no room or time"
            case 0xA900...0xA9FF: "the object does not fit its kind"
            case 0xC122: "it does not know the transfer syntax"
            case 0xC000...0xCFFF: "it does not understand the object"
            case 0x0110: "it failed"
            case 0x0111: "it has the object already"
            case 0x0117: "the object's identifier is none"
            case 0x0122: "it does not know this kind of object"
            case 0x0124: "it is not allowed"
            case 0xB000: "it changed elements"
            case 0xB006: "it left out elements"
            case 0xB007: "the object does not fit its kind"
            default: nil
            }
        let digits = String(code, radix: 16, uppercase: true)
        return "\(text.map { "\($0) " } ?? "")(code \(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits))"
    }
}
