import UNETRVolumes

extension DICOMWebClient {
    /// Studies, in the archive's order.
    ///
    /// - Parameters:
    ///   - query: what they are searched by.
    ///   - most: no more than so many.
    ///   - patients: whether to ask for names, numbers and birth dates.
    /// - Returns: the studies, and whether there are more.
    /// - Throws: `DICOMWebError`.
    public func studies(matching query: StudyQuery, most: Int = 100, patients: Bool = false) async throws -> (studies: [ArchivedStudy], hasMore: Bool) {
        do {
            var fields = [ElementNumber.modalitiesInStudy, ElementNumber.studyDescription, ElementNumber.seriesInStudy, ElementNumber.objectsInStudy]
            if patients { fields += [ElementNumber.patientName, ElementNumber.patientID, ElementNumber.birthDate] }
            let found = try await search("studies", query.parameters, fields: fields, by: ElementNumber.study, most: most, name: "studies at this address")
            let studies = try found.prefix(most).map { object throws(DICOMWebProblem) in try ArchivedStudy(object, patients: patients) }
            if let wanted = query.study, let other = studies.first(where: { $0.uid != wanted }) { throw DICOMWebProblem.foreign(what: "study \(other.uid)") }
            return (studies, found.count > most)
        } catch let problem as DICOMWebProblem { throw error(problem) }
    }

    /// The series of a study, by their numbers.
    ///
    /// - Parameters:
    ///   - study: its UID.
    ///   - modality: only these.
    /// - Throws: `DICOMWebError`, also for a study that the archive does not have.
    public func series(of study: String, modality: String? = nil) async throws -> [ArchivedSeries] {
        do {
            var parameters: [(name: String, value: String)] = []
            if let modality { parameters.append(("Modality", try DICOMWebProblem.checked(modality: modality))) }
            let found = try await search(
                "studies/\(DICOMWebProblem.checked(uid: study))/series", parameters, fields: [ElementNumber.seriesDescription, ElementNumber.objectsInSeries],
                by: ElementNumber.series, name: "study \(study)")
            try check(found, belongTo: study)
            let series = try found.map { object throws(DICOMWebProblem) in try ArchivedSeries(object) }
            return series.sorted { ($0.number ?? .max, $0.uid) < ($1.number ?? .max, $1.uid) }
        } catch let problem as DICOMWebProblem { throw error(problem) }
    }

    /// The study that a series belongs to; nil where the archive does not have the series.
    ///
    /// - Throws: `DICOMWebError`.
    public func study(ofSeries uid: String) async throws -> String? {
        do {
            let parameters = [(name: "SeriesInstanceUID", value: try DICOMWebProblem.checked(uid: uid))]
            let found = try await search("series", parameters, fields: [], by: ElementNumber.series, most: 1, name: "series at this address")
            guard let series = found.first else { return nil }
            guard try series.identifier(ElementNumber.series) == uid else { throw DICOMWebProblem.foreign(what: "another series") }
            return try series.identifier(ElementNumber.study)
        } catch let problem as DICOMWebProblem { throw error(problem) }
    }

    /// The UIDs of the objects of a series.
    ///
    /// - Throws: `DICOMWebError`.
    public func objects(of series: String, in study: String) async throws -> [String] {
        do {
            let found = try await search(
                "studies/\(DICOMWebProblem.checked(uid: study))/series/\(DICOMWebProblem.checked(uid: series))/instances", [], fields: [],
                by: ElementNumber.instance, name: "series \(series)")
            try check(found, belongTo: study, series)
            return try found.map { object throws(DICOMWebProblem) in try object.identifier(ElementNumber.instance) }
        } catch let problem as DICOMWebProblem { throw error(problem) }
    }

    /// Archives need not repeat what was asked, but must not say something else.
    private func check(_ objects: [DICOMJSON], belongTo study: String, _ series: String? = nil) throws(DICOMWebProblem) {
        for object in objects {
            if let found = object.texts(ElementNumber.study).first, found != study { throw .foreign(what: "something of another study") }
            if let series, let found = object.texts(ElementNumber.series).first, found != series { throw .foreign(what: "something of another series") }
        }
    }

    /// So many are asked for at once.
    private static let page = 1000
    /// No archive has more of anything that is asked for here.
    private static let most = 1_000_000

    /// All that is found, page by page, each once. An archive may cut pages shorter than was asked, so the last one is an empty one, or one
    /// with nothing new, as an archive sends it that knows no pages.
    private func search(
        _ path: String, _ parameters: [(name: String, value: String)], fields: [String], by key: String, most: Int = Self.most, name: String
    ) async throws -> [DICOMJSON] {
        var found: [DICOMJSON] = [], seen: Set<String> = []
        var offset = 0
        while found.count <= most {
            var query = parameters
            if !fields.isEmpty { query.append(("includefield", fields.joined(separator: ","))) }
            query += [("limit", "\(min(Self.page, most - found.count + 1))"), ("offset", "\(offset)")]
            let page = try await connection.ask(connection.address.url(path, query), accept: "application/dicom+json", for: name) {
                try await connection.objects(of: $0)
            }
            let new = try page.filter { object throws(DICOMWebProblem) in seen.insert(try object.identifier(key)).inserted }
            if new.isEmpty { break }
            found += new
            offset += page.count
        }
        return found
    }
}

extension DICOMJSON {
    /// An identifier that is safe in an address and as a file's name.
    func identifier(_ tag: String) throws(DICOMWebProblem) -> String {
        guard let text = texts(tag).first, DICOMObjectName.isIdentifier(text) else { throw .malformed(what: "an identifier (\(tag)) is missing or none") }
        return text
    }
}
