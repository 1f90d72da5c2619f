/// Why an archive did not do what was asked. It never holds anything of the patient, and of what an archive wrote only
/// numbers, identifiers and the type of its answer.
public struct DICOMWebError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The archive's address, without what was asked of it.
    public var archive: String
    /// What is wrong.
    public var problem: DICOMWebProblem

    /// An error about an archive.
    public init(archive: String, problem: DICOMWebProblem) {
        self.archive = archive
        self.problem = problem
    }

    /// Who can help.
    public var kind: DICOMWebProblem.Kind { problem.kind }

    /// One sentence: what is wrong, where, and what to do.
    public var description: String { "\(archive): \(problem)" }
}

/// What went wrong between this program and an archive.
public enum DICOMWebProblem: Error, Equatable, Sendable {
    /// Who can help.
    public enum Kind: Sendable {
        /// Whoever asked: the address, the credentials or the question is wrong.
        case usage
        /// Nobody, by asking again: what the archive holds or answers is wrong.
        case data
        /// Time.
        case temporary
    }

    // What was asked
    /// The address is none.
    case address(reason: String)
    /// A question that cannot be asked.
    case question(what: String, expected: String)
    /// The password would go over the network in the open.
    case openCredentials
    /// A file with a token, a password or certificates that cannot be used.
    case settings(path: String, reason: String)
    /// The credentials are missing or not accepted (401, 403).
    case refused(status: Int, hadCredentials: Bool)

    // What was answered
    /// The archive has no such thing.
    case notFound(what: String)
    /// Another status that means no.
    case status(Int)
    /// The archive sent the question on, too often or to where it must not go.
    case redirected(reason: String)
    /// There is no encrypted connection to it.
    case encryption(reason: String)
    /// An answer that does not follow the rules.
    case malformed(what: String)
    /// An answer in a form that was not asked for.
    case form(found: String, expected: String)
    /// Fewer objects came than the archive lists.
    case incomplete(series: String, listed: Int, received: Int)
    /// An object that was not asked for.
    case foreign(what: String)

    // What may be otherwise next time
    /// There is no connection.
    case unreachable(reason: String)
    /// Nothing, or next to nothing, came for so long.
    case slow(seconds: Int)
    /// The connection ended before the answer did.
    case brokenOff
    /// The archive says that it cannot answer now (408, 429, 5xx).
    case busy(status: Int, retryAfter: Int?)

    /// Who can help.
    public var kind: Kind {
        switch self {
        case .address, .question, .openCredentials, .settings, .refused: .usage
        case .notFound, .status, .redirected, .encryption, .malformed, .form, .incomplete, .foreign: .data
        case .unreachable, .slow, .brokenOff, .busy: .temporary
        }
    }
}

extension DICOMWebProblem: CustomStringConvertible {
    /// The problem in words, without the archive: what is wrong, what was expected, and what to do.
    public var description: String {
        switch self {
        case .address(let reason): "\(reason); expected an address such as https://pacs.example.org/dicom-web"
        case .question(let what, let expected): "\(what); expected \(expected)"
        case .openCredentials: "credentials would go over the network unencrypted; use an address that begins with https, or allow it"
        case .settings(let path, let reason): "\(path): \(reason)"
        case .refused(let status, let hadCredentials):
            hadCredentials
                ? "does not accept these credentials for what was asked (\(status)); check them, and what they may do"
                : "wants credentials (\(status)); give a token, or a user and password"
        case .notFound(let what): "has no \(what); check that, and the path of its DICOMweb service, such as /dicom-web"
        case .status(let status): "refuses what was asked (\(status)); its log says why"
        case .redirected(let reason): "\(reason); give the address of the DICOMweb service itself"
        case .encryption(let reason): "no encrypted connection: \(reason)"
        case .malformed(let what): "its answer is not as it must be: \(what); its log may say why"
        case .form(let found, let expected):
            "answers with \(found), expected \(expected); check the path of its DICOMweb service, and whether it wants you to log in"
        case .incomplete(let series, let listed, let received):
            "lists \(listed) object\(listed == 1 ? "" : "s") of series \(series), but sent \(received) of them; look at the series there"
        case .foreign(let what): "sent \(what), which was not asked for; nothing of it is kept"
        case .unreachable(let reason): "cannot be reached (\(reason)); check the address, and whether it is running"
        case .slow(let seconds): "nothing, or next to nothing, came for \(seconds) s; try again later, or wait longer"
        case .brokenOff: "the connection ended before the answer did; try again"
        case .busy(let status, _): "cannot answer now (\(status)); try again later, and if that does not help, look into its log"
        }
    }
}
