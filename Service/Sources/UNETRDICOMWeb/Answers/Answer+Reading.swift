import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Takes the parts of an answer as they come.
protocol PartReceiver {
    /// A part begins.
    mutating func begin() throws
    /// Some of its bytes.
    mutating func take(_ bytes: UnsafeRawBufferPointer) throws
    /// The part is whole.
    mutating func end() throws
}

extension DICOMWebConnection {
    /// An answer in DICOM's JSON, which is small; empty where there is nothing to say.
    func objects(of answer: Answer) async throws -> [DICOMJSON] {
        guard answer.status != 204 else { return [] }
        try checkCoding(answer)
        var data = Data()
        try await read(answer) { bytes in
            guard data.count + bytes.count <= DICOMWebSettings.longestAnswer else {
                throw error(.malformed(what: "it is longer than \(DICOMWebSettings.longestAnswer >> 20) MB"))
            }
            data.append(contentsOf: bytes)
        }
        let type = answer.headers.first(name: "Content-Type").flatMap(MediaType.init)
        if data.isEmpty { return [] }
        guard let type, type.name == "application/dicom+json" || type.name == "application/json" else {
            throw error(.form(found: type?.shown ?? "an unknown type", expected: "application/dicom+json"))
        }
        return try DICOMJSON.objects(in: data)
    }

    /// The DICOM objects of an answer, one after the other, as they come. An answer that is one object alone has one part.
    func parts<Receiver: PartReceiver>(of answer: Answer, to receiver: inout Receiver) async throws {
        try checkCoding(answer)
        let type = answer.headers.first(name: "Content-Type").flatMap(MediaType.init)
        if type?.name == "application/dicom" {
            try receiver.begin()
            try await read(answer) { try receiver.take($0) }
            return try receiver.end()
        }
        guard let type, type.name == "multipart/related" else {
            throw error(.form(found: type?.shown ?? "an unknown type", expected: "multipart/related"))
        }
        do {
            var parser = try MultipartParser(boundary: type.parameters["boundary"] ?? "")
            try await read(answer) { bytes in
                try parser.take(bytes) { event in
                    switch event {
                    case .begin: try receiver.begin()
                    case .bytes(let bytes): try receiver.take(bytes)
                    case .end: try receiver.end()
                    }
                }
            }
            try parser.finish()
        } catch let problem as MultipartParser.Problem {
            switch problem {
            case .truncated: throw error(.brokenOff)
            case .malformed(let what): throw error(.malformed(what: what))
            }
        }
    }

    /// Reads a body to its end. What comes too slowly is given up.
    private func read(_ answer: Answer, _ take: (UnsafeRawBufferPointer) throws -> Void) async throws {
        let clock = ContinuousClock()
        var begin = clock.now, count = 0
        for try await piece in answer.body {
            count += piece.readableBytes
            if clock.now - begin > .seconds(settings.timeout) {
                guard count >= DICOMWebSettings.leastBytes else { throw error(.slow(seconds: settings.timeout)) }
                (begin, count) = (clock.now, 0)
            }
            try piece.withUnsafeReadableBytes(take)
        }
    }

    /// No coding was offered, so there must be none.
    private func checkCoding(_ answer: Answer) throws {
        guard let coding = answer.headers.first(name: "Content-Encoding"), coding.lowercased() != "identity" else { return }
        throw error(.form(found: "a packed form", expected: "one that is not packed"))
    }
}
