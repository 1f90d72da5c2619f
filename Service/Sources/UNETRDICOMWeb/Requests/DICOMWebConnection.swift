import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import UNETRSupport

/// Asks one archive: with credentials, tried again where that may help, sent on a few times at most.
struct DICOMWebConnection: Sendable {
    let address: DICOMWebAddress
    let settings: DICOMWebSettings
    private let client: HTTPClient

    /// Something to send.
    struct Content: Sendable {
        var type: String
        var length: Int
        /// The bytes, anew for each try.
        var bytes: @Sendable () -> MultipartBody
    }

    /// What comes back.
    struct Answer {
        var status: Int
        var headers: HTTPHeaders
        var body: HTTPClientResponse.Body
    }

    /// - Throws: `DICOMWebError` for settings that contradict each other or the address.
    init(_ address: DICOMWebAddress, _ settings: DICOMWebSettings) throws {
        self.address = address
        self.settings = settings
        func refuse(_ problem: DICOMWebProblem) -> DICOMWebError { DICOMWebError(archive: "\(address)", problem: problem) }
        if let credentials = settings.credentials {
            guard address.isPrivate || settings.allowsOpenCredentials else { throw refuse(.openCredentials) }
            guard credentials.areSendable else {
                let expected = "a user without a colon, or a token of ASCII letters without spaces"
                throw refuse(.question(what: "the \(credentials) cannot be sent", expected: expected))
            }
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = settings.authorities {
            let text = Array(try InputFile.contents(of: file, most: 1 << 22))
            do { tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(text)) } catch is NIOSSLError {
                throw refuse(.settings(path: file.path, reason: "holds no certificate in the form PEM"))
            }
        }
        // One connection is enough, and its errors should be seen at once. Over HTTP/2 they were other ones.
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls, redirectConfiguration: .disallow, decompression: .disabled)
        let patience = TimeAmount.seconds(Int64(settings.timeout))
        configuration.timeout = .init(connect: patience, read: patience, write: patience)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Must be called at the end.
    func close() async { try? await client.shutdown() }

    func error(_ problem: DICOMWebProblem) -> DICOMWebError { DICOMWebError(archive: "\(address)", problem: problem) }

    // MARK: Trying

    /// Asks, and lets `read` take the answer, once more from the start where something went wrong that may go better next time.
    ///
    /// - Parameters:
    ///   - url: below the address.
    ///   - accept: the header `Accept`.
    ///   - content: what is sent; nil: nothing.
    ///   - name: what is asked for, in case it is not there.
    ///   - read: sees answers with a status of success, and those that `alsoReads` names.
    /// - Throws: `DICOMWebError`; what `read` throws.
    func ask<Result>(
        _ url: URL, accept: String, sending content: Content? = nil, for name: String, alsoReads: Set<Int> = [],
        _ read: (Answer) async throws -> Result
    ) async throws -> Result {
        var tries = 0
        while true {
            do {
                let answer = try await follow(url, accept: accept, content)
                if !(200..<300).contains(answer.status), !alsoReads.contains(answer.status) { throw refusal(answer, name) }
                return try await read(answer)
            } catch {
                let error = try translated(error)
                guard error.kind == .temporary, tries < settings.retries else { throw error }
                try await Task.sleep(for: .seconds(pause(before: tries, error)))
                tries += 1
            }
        }
    }

    /// Each pause is about twice as long as the one before, with some chance in it, so that many clients do not come back at one moment.
    private func pause(before attempt: Int, _ error: DICOMWebError) -> Double {
        let usual = settings.pause * Double(1 << min(attempt, 16)) * Double.random(in: 0.75...1.25)
        var wanted = 0.0
        if case .busy(_, let seconds?) = error.problem { wanted = Double(seconds) }
        return min(max(usual, wanted), DICOMWebSettings.longestPause)
    }

    private func refusal(_ answer: Answer, _ name: String) -> DICOMWebError {
        switch answer.status {
        case 401, 403: error(.refused(status: answer.status, hadCredentials: settings.credentials != nil))
        case 404, 410: error(.notFound(what: name))
        case 408, 429, 500, 502...599:
            error(.busy(status: answer.status, retryAfter: answer.headers.first(name: "Retry-After").flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }))
        default: error(.status(answer.status))
        }
    }

    // MARK: Being sent on

    private func follow(_ start: URL, accept: String, _ content: Content?) async throws -> Answer {
        var url = start
        for hop in 0...settings.redirects {
            let answer = try await send(url, accept: accept, content)
            guard [301, 302, 303, 307, 308].contains(answer.status) else { return answer }
            guard hop < settings.redirects else { break }
            url = try target(of: answer, from: url, isSending: content != nil)
        }
        throw error(.redirected(reason: "sends on more than \(settings.redirects) times"))
    }

    private func target(of answer: Answer, from url: URL, isSending: Bool) throws -> URL {
        guard let text = answer.headers.first(name: "Location"), let next = URL(string: text, relativeTo: url)?.absoluteURL,
            let scheme = next.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = next.host, !host.isEmpty, next.user == nil
        else { throw error(.redirected(reason: "sends on without saying where to")) }
        guard scheme == "https" || url.scheme?.lowercased() != "https" else {
            throw error(.redirected(reason: "sends on to an unencrypted address"))
        }
        // Objects of patients go to the archive that was named, and nowhere else.
        guard !isSending || [307, 308].contains(answer.status) && DICOMWebAddress.isSameOrigin(next, address.url) else {
            throw error(.redirected(reason: "sends objects on to another address"))
        }
        return next
    }

    private func send(_ url: URL, accept: String, _ content: Content?) async throws -> Answer {
        var request = HTTPClientRequest(url: url.absoluteString)
        request.headers.add(name: "Accept", value: accept)
        request.headers.add(name: "User-Agent", value: "unetrpp")
        if let credentials = settings.credentials, DICOMWebAddress.isSameOrigin(url, address.url) {
            request.headers.add(name: "Authorization", value: credentials.authorization)
        }
        var patience = settings.timeout
        if let content {
            request.method = .POST
            request.headers.add(name: "Content-Type", value: content.type)
            request.body = .stream(content.bytes(), length: .known(Int64(content.length)))
            patience += content.length / (1 << 14)
        }
        let response = try await client.execute(request, timeout: .seconds(Int64(patience)))
        return Answer(status: Int(response.status.code), headers: response.headers, body: response.body)
    }

    // MARK: Errors

    /// The error as one of an archive; thrown as it is where it is none.
    private func translated(_ error: any Error) throws -> DICOMWebError {
        switch error {
        case let error as DICOMWebError: return error
        case let problem as DICOMWebProblem: return self.error(problem)
        case let error as HTTPClientError:
            switch error {
            case .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout: return self.error(.slow(seconds: settings.timeout))
            case .connectTimeout, .getConnectionFromPoolTimeout: return self.error(.unreachable(reason: "no answer for \(settings.timeout) s"))
            case .cancelled: throw CancellationError()
            default: return self.error(.brokenOff)
            }
        case let error as NIOConnectionError: return self.error(.unreachable(reason: Self.reason(error)))
        case is SocketAddressError: return self.error(.unreachable(reason: "no machine of that name is known"))
        case let error as HTTPParserError where error == .invalidEOFState: return self.error(.brokenOff)
        case is HTTPParserError: return self.error(.malformed(what: "it is not HTTP"))
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return self.error(.encryption(reason: Self.encryptionReason("\(error)")))
        case let error as IOError where Self.meansUnreachable.contains(error.errnoCode): return self.error(.unreachable(reason: Self.reason(error)))
        case is IOError, is ChannelError: return self.error(.brokenOff)
        default: throw error
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        guard let first = error.connectionErrors.first?.error else { return "no machine of that name is known" }
        return (first as? IOError).map(reason) ?? "no answer"
    }

    private static func reason(_ error: IOError) -> String { String(cString: strerror(error.errnoCode)).lowercased() }

    private static let meansUnreachable: Set<Int32> = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EADDRNOTAVAIL, EACCES, EPERM]

    private static func encryptionReason(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "nobody who is trusted vouches for its certificate; name the certificates of who does"
        }
        if text.contains("Hostname") || text.contains("hostname") { return "its certificate is for another host; use the name that it was made for" }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not encrypt there; check the port" }
        return "the two sides do not agree on how; check the address"
    }
}
