/// A client of an archive that speaks DICOMweb (PS3.18): finds studies, fetches their objects, and sends objects to it.
///
///     try await DICOMWebClient.with(DICOMWebAddress("https://pacs.example.org/dicom-web"), settings) { archive in
///         let (studies, _) = try await archive.studies(matching: StudyQuery(modality: "CT"))
///         try await archive.retrieve(study: studies[0].uid, into: folder)
///     }
public struct DICOMWebClient: Sendable {
    let connection: DICOMWebConnection

    /// Calls `body` with a client, and takes its connections down afterwards.
    ///
    /// - Throws: `DICOMWebError` for settings that do not fit the address; what `body` throws.
    public static func with<Result>(
        _ address: DICOMWebAddress, _ settings: DICOMWebSettings = .init(), _ body: (DICOMWebClient) async throws -> Result
    ) async throws -> Result {
        let client = DICOMWebClient(connection: try DICOMWebConnection(address, settings))
        do {
            let result = try await body(client)
            await client.connection.close()
            return result
        } catch {
            await client.connection.close()
            throw error
        }
    }

    /// A client whose connections stay until `close()`, for many questions.
    ///
    /// - Throws: `DICOMWebError` for settings that do not fit the address.
    public init(_ address: DICOMWebAddress, _ settings: DICOMWebSettings = .init()) throws { connection = try DICOMWebConnection(address, settings) }

    init(connection: DICOMWebConnection) { self.connection = connection }

    /// Takes the connections down. Must be called at the end.
    public func close() async { await connection.close() }

    func error(_ problem: DICOMWebProblem) -> DICOMWebError { connection.error(problem) }
}
