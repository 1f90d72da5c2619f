import ArchiveTestSupport
import Foundation
import Testing
import UNETRVolumes

@testable import UNETRDICOMWeb

struct QuestionTests {
    private func refusal(_ text: String) -> String? {
        do { _ = try DICOMWebAddress(text) } catch { return "\(error)" }
        return nil
    }

    @Test func `Addresses are of the web, and hold no secrets`() throws {
        #expect(try DICOMWebAddress("https://h:8042/a/b/").url.absoluteString == "https://h:8042/a/b")
        #expect(
            try DICOMWebAddress("http://[::1]:1").url("studies", [("PatientID", "a+b&c=d*")]).absoluteString
                == "http://[::1]:1/studies?PatientID=a%2Bb%26c%3Dd*")
        let end = "; expected an address such as https://pacs.example.org/dicom-web"
        #expect(refusal("h/dicom-web") == "the archive: its address does not begin with http:// or https://\(end)")
        #expect(refusal("ftp://h") == "the archive: its address does not begin with http:// or https://\(end)")
        #expect(refusal("https:///x") == "the archive: its address has no host\(end)")
        #expect(refusal("https://jane:pw@h") == "the archive: its address holds a user or a password\(end)")
        #expect(refusal("https://h?PatientID=1") == "the archive: its address holds a question or a fragment\(end)")
        #expect(refusal("https://h:99999") == "the archive: its port is not from 1 to 65535\(end)")
        #expect(refusal("https://h h") != nil && refusal("") != nil)
    }

    @Test func `Unencrypted, only this machine is private`() throws {
        for text in ["https://h", "http://localhost:1", "http://127.0.0.1", "http://127.1.2.3:80", "http://[::1]/x"] {
            #expect(try DICOMWebAddress(text).isPrivate, "\(text)")
        }
        for text in ["http://h", "http://127.0.0.1.example.org", "http://127.example.org", "http://128.0.0.1", "http://localhost.example.org"] {
            #expect(try !DICOMWebAddress(text).isPrivate, "\(text)")
        }
    }

    @Test func `The origin is scheme, host and port`() {
        func isSame(_ one: String, _ other: String) -> Bool { DICOMWebAddress.isSameOrigin(URL(string: one)!, URL(string: other)!) }
        #expect(isSame("https://h/a", "https://H:443/b") && isSame("http://h", "http://h:80"))
        #expect(!isSame("https://h", "http://h") && !isSame("https://h", "https://h:444") && !isSame("https://h", "https://i"))
    }

    @Test func `A question is checked before it is asked, and a patient's number is never repeated`() throws {
        func words(_ query: StudyQuery) -> String {
            do { return try query.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: " ") } catch { return "\(error)" }
        }
        #expect(
            words(StudyQuery(patientID: "A 1*", study: "1.2", modality: "ct", date: "20260101-"))
                == "PatientID=A 1* StudyInstanceUID=1.2 ModalitiesInStudy=CT StudyDate=20260101-")
        for date in ["20260131", "-20261231", "20260101-20261231"] { #expect(words(StudyQuery(date: date)) == "StudyDate=\(date)") }
        for date in ["", "-", "2026", "20261301", "20260100", "20260101-20260102-20260103", "20260102-20260101", "2026-01-01", "x"] {
            #expect(words(StudyQuery(date: date)).hasPrefix("the date is '\(date)'; expected YYYYMMDD"), "\(date)")
        }
        #expect(words(StudyQuery(study: "../1")) == "'../1' is no UID; expected digits and dots, at most 64, as a search shows them")
        #expect(words(StudyQuery(modality: "C T")) == "'C T' is no modality; expected a short word such as CT, MR or SEG")
        let secret = "MRN\u{1B}4711"
        #expect(words(StudyQuery(patientID: secret)) == "the patient's number is empty, too long or holds control characters; expected 1 to 64 letters")
    }

    @Test func `Identifiers are digits and dots`() {
        for text in ["1", "1.2.840", "1.02.3", String(repeating: "1", count: 64)] { #expect(DICOMObjectName.isIdentifier(text)) }
        for text in ["", ".", "..", "1.", ".1", "1..2", "1/2", "1.2\n", "١.٢", "a", String(repeating: "1", count: 65)] {
            #expect(!DICOMObjectName.isIdentifier(text), "\(text)")
        }
    }

    @Test func `Credentials never show themselves`() throws {
        let all: [DICOMWebCredentials] = [.basic(user: "jane", password: "hunter2"), .bearer(token: "hunter2")]
        for one in all {
            var dumped = ""
            dump(one, to: &dumped)
            #expect(!"\(one) \(String(reflecting: one)) \([one]) \(dumped)".contains("hunter2"))
        }
        #expect(all[0].authorization == "Basic amFuZTpodW50ZXIy" && all[1].authorization == "Bearer hunter2")
        #expect(all.allSatisfy { $0.areSendable })
        for token in ["", "a b", "a\nb", "ä"] { #expect(!DICOMWebCredentials.bearer(token: token).areSendable) }
        #expect(!DICOMWebCredentials.basic(user: "a:b", password: "x").areSendable)
    }

    @Test func `A secret is the first line of its file`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "token")
            try Data("abc \r\nsecond\n".utf8).write(to: file)
            #expect(try DICOMWebCredentials.secret(in: file) == "abc ")
            try Data("\nabc".utf8).write(to: file)
            let error = #expect(throws: DICOMWebError.self) { try DICOMWebCredentials.secret(in: file) }
            #expect(error?.problem == .settings(path: file.path, reason: "the first line is empty"))
        }
    }

    @Test func `What an archive writes is made safe to show`() throws {
        func object(_ text: String) throws -> DICOMJSON { try DICOMJSON.objects(in: Data(text.utf8))[0] }
        let shown = try object(
            #"{"1":{"Value":["a\u001b[31m\nb\u202e"]},"2":{"Value":[{"Alphabetic":"X^Y"}]},"3":{"Value":["-1"]},"4":{"Value":["7 "]},"5":{}}"#)
        #expect(shown.shown("1") == "a [31m b" && shown.shown("2") == "X^Y" && shown.shown("5") == "" && shown.shown("6") == "")
        #expect(shown.word("1") == nil && shown.count("3") == nil && shown.count("4") == 7 && shown.count("1") == nil)
        for text in ["[1]", "3", "[{}", "{", "\"MRN-4711\"", "[[[[", String(repeating: "[", count: 100_000)] {
            #expect(throws: DICOMWebProblem.malformed(what: "it is no list of objects in DICOM's JSON"), "\(text.prefix(10))") { try object(text) }
        }
        #expect(try DICOMJSON.objects(in: Data(" \n".utf8)).isEmpty)
    }
}
