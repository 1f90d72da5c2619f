import Foundation
import Testing
import UNETRVolumes
import UNETRWork

/// Every line that a worker and its caller exchange, letter by letter: programs in other languages read them too.
struct ProtocolLineTests {
    private func text(_ message: some Encodable) throws -> String { String(decoding: try WorkerLine.encode(message), as: UTF8.self) }

    private static let description = ModelDescription(
        name: "hippo", title: "Hippocampus", architecture: "UNETR++", channels: [.init(name: "MRI")],
        labels: [.init(value: 1, name: "anterior", color: "#ff0000"), .init(value: 2, values: [2, 3], name: "rest", color: "#00ff00")], regions: true,
        spacing: [1, 1, 1.5], patch: [32, 48, 64], digest: "abc")

    private static let events: [(WorkerEvent, String)] = [
        (
            .ready(worker: .init(version: "1.2", device: "cpu", models: [description])),
            #"{"ready":{"worker":{"device":"cpu","models":[{"architecture":"UNETR++","channels":[{"name":"MRI"}],"digest":"abc","labels":["#
                + ##"{"color":"#ff0000","name":"anterior","value":1,"values":[1]},{"color":"#00ff00","name":"rest","value":2,"values":[2,3]}],"##
                + #""name":"hippo","patch":[32,48,64],"regions":true,"spacing":[1,1,1.5],"title":"Hippocampus"}],"version":"1.2"}}}"#
        ),
        (.begun(job: "J"), #"{"begun":{"job":"J"}}"#), (.loading(job: "J", model: "m"), #"{"loading":{"job":"J","model":"m"}}"#),
        (.warm(models: ["a", "b"]), #"{"warm":{"models":["a","b"]}}"#),
        (.progress(job: "J", done: 3, total: 8), #"{"progress":{"done":3,"job":"J","total":8}}"#),
        (.done(job: "J", seconds: 1.5, networkSeconds: 1.25), #"{"done":{"job":"J","networkSeconds":1.25,"seconds":1.5}}"#),
        (.scored(job: "J", uncertainty: 0.125), #"{"scored":{"job":"J","uncertainty":0.125}}"#),
        (.epoch(job: "J", done: 1, total: 5, dice: 0.75), #"{"epoch":{"dice":0.75,"done":1,"job":"J","total":5}}"#),
        (.epoch(job: "J", done: 1, total: 5, dice: nil), #"{"epoch":{"done":1,"job":"J","total":5}}"#),
        (.note(job: "J", text: "2 / 3 are \"done\""), #"{"note":{"job":"J","text":"2 \/ 3 are \"done\""}}"#), (.trained(job: "J"), #"{"trained":{"job":"J"}}"#),
        (.failed(job: "J", cause: .disk, reason: "full"), #"{"failed":{"cause":"disk","job":"J","reason":"full"}}"#),
        (.canceled(job: "J"), #"{"canceled":{"job":"J"}}"#),
    ]

    @Test(arguments: events) func `An event is one line, and read back as it was`(event: WorkerEvent, line: String) throws {
        let found = try text(event)
        #expect(found.replacing(#"\/"#, with: "/") == line.replacing(#"\/"#, with: "/") + "\n")
        #expect(try WorkerLine.decode(WorkerEvent.self, from: Data(line.utf8)) == event)
    }

    @Test func `A request is one line, and read back as it was`() throws {
        let requests: [(WorkerRequest, String)] = [
            (
                .score(order: .init(job: "J", model: "m", scans: ["a", "b"], series: ["1.2"])),
                #"{"score":{"order":{"job":"J","model":"m","scans":["a","b"],"series":["1.2"]}}}"#
            ),
            (
                .train(
                    order: .init(
                        job: "J", model: "m", cases: [.init(name: "c1", image: "i", label: "l", values: [3: 1])], folder: "f", bundle: "b", title: "T",
                        epochs: 5,
                        iterations: 7, learningRate: 0.5, validates: false)),
                #"{"train":{"order":{"bundle":"b","cases":[{"image":"i","label":"l","name":"c1","values":{"3":1}}],"epochs":5,"folder":"f","iterations":7,"#
                    + #""job":"J","learningRate":0.5,"model":"m","title":"T","validates":false}}}"#
            ),
            (.cancel(job: "J"), #"{"cancel":{"job":"J"}}"#),
            (
                .segment(order: .init(job: "J", model: "m", scans: ["a"], mask: "m.nii", statistics: "s")),
                #"{"segment":{"order":{"choices":{},"job":"J","mask":"m.nii","model":"m","scans":["a"],"series":[],"statistics":"s"}}}"#
            ),
        ]
        for (request, line) in requests {
            #expect(try text(request) == line + "\n")
            #expect(try WorkerLine.decode(WorkerRequest.self, from: Data(line.utf8)) == request)
        }
    }

    @Test(
        arguments: [
            "", "[]", "{}", #"{"begun":{}}"#, #"{"begun":{"job":3}}"#, #"{"unknown":{"job":"J"}}"#, #"{"progress":{"job":"J","done":1.5,"total":2}}"#,
            #"{"failed":{"job":"J","cause":"bad luck","reason":""}}"#, #"{"begun":{"job":"J"}"#, #"{"progress":{"job":"J","done":1e300,"total":2}}"#,
        ])
    func `A line that is none is refused`(line: String) {
        #expect(throws: (any Error).self) { try WorkerLine.decode(WorkerEvent.self, from: Data(line.utf8)) }
    }
}

/// Centers and regions of structures, by hand.
struct StructurePlaceTests {
    private func center(_ places: [[Int]], spacing: [Double] = [1, 1, 1]) -> [Int]? {
        var map = LabelMap(
            geometry: Geometry(
                size: [5, 6, 7], affine: [[spacing[2], 0, 0, 0], [0, spacing[1], 0, 0], [0, 0, spacing[0], 0], [0, 0, 0, 1]], spacing: spacing),
            voxels: [Int16](repeating: 0, count: 210))
        for place in places { map.voxels[map.offset(place[2], place[1], place[0])] = 1 }
        return StructureReport(map, labels: LabelSet(definitions: [.init(name: "background", value: 0), .init(name: "a", value: 1)])).structures[0].center
    }

    @Test func `The center is the voxel of the structure nearest to the center of mass, in millimeters`() {
        #expect(center([[2, 3, 4]]) == [2, 3, 4] && center([]) == nil)
        // A ring around (3, 3, 2): all eight are as near, or √2 as far; the first of the nearest is below.
        let ring = [[2, 2], [3, 2], [4, 2], [2, 3], [4, 3], [2, 4], [3, 4], [4, 4]].map { $0 + [2] }
        #expect(center(ring) == [3, 2, 2])
        // Where rows are 9 mm apart, the neighbors in the row are nearer.
        #expect(center(ring, spacing: [1, 9, 1]) == [2, 3, 2])
        // Mass at (1.5, 0, 0), halfway between 1 and 2, which is taken.
        #expect(center([[1, 0, 0], [2, 0, 0]]) == [2, 0, 0])
        // Two ends of a line: (0, 0, 0) and (6, 0, 0) and (5, 0, 0), with the mass at 11/3.
        #expect(center([[0, 0, 0], [6, 0, 0], [5, 0, 0]]) == [5, 0, 0])
    }
}
