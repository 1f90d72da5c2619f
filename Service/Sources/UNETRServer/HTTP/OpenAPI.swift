import Foundation
import UNETRSupport
import Yams

/// The description of the API, as OpenAPI 3.1.
enum OpenAPI {
    /// The description as JSON.
    static func document(version: String) throws -> Data {
        var document = try JSONText.decode(JSONValue.self, from: JSONSerialization.data(withJSONObject: try Yams.load(yaml: text) ?? [:]))
        if case .object(var fields) = document, case .object(var info)? = fields["info"] {
            info["version"] = .string(version)
            fields["info"] = .object(info)
            document = .object(fields)
        }
        return try JSONText.encode(document, .line)
    }

    /// Every operation with all it can answer. What any operation can answer besides stands under `default`.
    static let text = #"""
        openapi: 3.1.0
        info:
          title: unetrpp serve
          version: "0"
          description: 3-D medical image segmentation. Upload a scan, make a job, watch it, fetch the mask. No medical device.
          license: {name: Apache-2.0, identifier: Apache-2.0}
        security: [{}, {token: []}]
        tags:
          - {name: scans}
          - {name: jobs}
          - {name: server}
        paths:
          /v1/models:
            get:
              tags: [server]
              operationId: listModels
              summary: The models that can be asked for
              responses:
                "200": {description: The models, content: {application/json: {schema: {$ref: "#/components/schemas/Models"}}}}
                "401": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/scans:
            post:
              tags: [scans]
              operationId: uploadScan
              summary: Upload a scan
              description: The body is the file itself, of any content type; what it is, is told by its bytes.
              parameters:
                - {name: name, in: query, description: The file's name, schema: {type: string}}
                - {name: series, in: query, description: "Of a DICOM study of several series, the one that is meant, by UID or number", schema: {type: string}}
              requestBody:
                required: true
                content: {application/octet-stream: {schema: {type: string, format: binary}}}
              responses:
                "201":
                  description: The scan
                  content: {application/json: {schema: {$ref: "#/components/schemas/Scan"}}}
                  links:
                    describe: {operationId: getScan, parameters: {id: "$response.body#/id"}}
                    remove: {operationId: deleteScan, parameters: {id: "$response.body#/id"}}
                "401": {$ref: "#/components/responses/Error"}
                "408": {$ref: "#/components/responses/Error"}
                "413": {$ref: "#/components/responses/Error"}
                "415": {$ref: "#/components/responses/Error"}
                "422": {$ref: "#/components/responses/Error"}
                "507": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/scans/{id}:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [scans]
              operationId: getScan
              summary: What is known of a scan
              responses:
                "200": {description: The scan, content: {application/json: {schema: {$ref: "#/components/schemas/Scan"}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
            delete:
              tags: [scans]
              operationId: deleteScan
              summary: Remove a scan
              responses:
                "204": {description: It is gone}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                "409": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/scans/{id}/image:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [scans]
              operationId: getImage
              summary: A scan as NIfTI, for viewers
              responses:
                "200": {description: NIfTI in gzip, content: {application/gzip: {schema: {type: string, format: binary}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                "413": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs:
            post:
              tags: [jobs]
              operationId: createJob
              summary: Segment a scan
              requestBody:
                required: true
                content: {application/json: {schema: {$ref: "#/components/schemas/Wish"}}}
              responses:
                "200": {description: The job; its result was in the store, content: {application/json: {schema: {$ref: "#/components/schemas/Job"}}}}
                "201": {description: The job, content: {application/json: {schema: {$ref: "#/components/schemas/Job"}}}}
                "401": {$ref: "#/components/responses/Error"}
                "413": {$ref: "#/components/responses/Error"}
                "415": {$ref: "#/components/responses/Error"}
                "422": {$ref: "#/components/responses/Error"}
                "429": {$ref: "#/components/responses/Later"}
                "503": {$ref: "#/components/responses/Later"}
                default: {$ref: "#/components/responses/Error"}
            get:
              tags: [jobs]
              operationId: listJobs
              summary: Jobs, the newest first
              parameters:
                - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 1000, default: 50}}
              responses:
                "200":
                  description: The jobs
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [jobs]
                        properties: {jobs: {type: array, items: {$ref: "#/components/schemas/Job"}}}
                "401": {$ref: "#/components/responses/Error"}
                "422": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs/{id}:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [jobs]
              operationId: getJob
              summary: How far a job is
              responses:
                "200": {description: The job, content: {application/json: {schema: {$ref: "#/components/schemas/Job"}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
            delete:
              tags: [jobs]
              operationId: deleteJob
              summary: Cancel a job that waits or is under way; remove one that has ended
              responses:
                "204": {description: It is so}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs/{id}/events:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [jobs]
              operationId: watchJob
              summary: A job as server-sent events, until it has ended
              responses:
                "200": {description: "Events named job, whose data is the job", content: {text/event-stream: {schema: {type: string}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs/{id}/result:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [jobs]
              operationId: getResult
              summary: The mask
              parameters:
                - name: format
                  in: query
                  schema: {type: string, enum: [nifti, nrrd, seg-nrrd, metaimage, dicom-seg, rtstruct], default: nifti}
              responses:
                "200":
                  description: The mask
                  content:
                    application/gzip: {schema: {type: string, format: binary}}
                    application/octet-stream: {schema: {type: string, format: binary}}
                    application/dicom: {schema: {type: string, format: binary}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                "409": {$ref: "#/components/responses/Error"}
                "410": {$ref: "#/components/responses/Error"}
                "422": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs/{id}/statistics:
            parameters: [{$ref: "#/components/parameters/id"}]
            get:
              tags: [jobs]
              operationId: getStatistics
              summary: How large the structures are, and where they lie
              responses:
                "200": {description: The structures, content: {application/json: {schema: {$ref: "#/components/schemas/Statistics"}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                "409": {$ref: "#/components/responses/Error"}
                "410": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/jobs/{id}/compare:
            parameters: [{$ref: "#/components/parameters/id"}]
            post:
              tags: [jobs]
              operationId: compareResult
              summary: Compare the mask with a reference
              parameters:
                - {name: name, in: query, schema: {type: string}}
              requestBody:
                required: true
                content: {application/octet-stream: {schema: {type: string, format: binary}}}
              responses:
                "200": {description: Dice and Hausdorff distance, content: {application/json: {schema: {$ref: "#/components/schemas/Comparison"}}}}
                "401": {$ref: "#/components/responses/Error"}
                "404": {$ref: "#/components/responses/Error"}
                "408": {$ref: "#/components/responses/Error"}
                "409": {$ref: "#/components/responses/Error"}
                "413": {$ref: "#/components/responses/Error"}
                "415": {$ref: "#/components/responses/Error"}
                "422": {$ref: "#/components/responses/Error"}
                "507": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/info:
            get:
              tags: [server]
              operationId: getInfo
              summary: What the server is
              responses:
                "200": {description: The server, content: {application/json: {schema: {$ref: "#/components/schemas/Info"}}}}
                "401": {$ref: "#/components/responses/Error"}
                default: {$ref: "#/components/responses/Error"}
          /v1/openapi.json:
            get:
              tags: [server]
              operationId: getDescription
              summary: This description
              security: [{}]
              responses:
                "200": {description: OpenAPI 3.1, content: {application/json: {schema: {type: object}}}}
                default: {$ref: "#/components/responses/Error"}
          /health:
            get:
              tags: [server]
              operationId: getHealth
              summary: Whether the server runs
              security: [{}]
              responses:
                "200": {description: It does, content: {application/json: {schema: {$ref: "#/components/schemas/Status"}}}}
                default: {$ref: "#/components/responses/Error"}
          /ready:
            get:
              tags: [server]
              operationId: getReady
              summary: Whether the server takes jobs
              security: [{}]
              responses:
                "200": {description: It does, content: {application/json: {schema: {$ref: "#/components/schemas/Status"}}}}
                "503": {$ref: "#/components/responses/Later"}
                default: {$ref: "#/components/responses/Error"}
          /metrics:
            get:
              tags: [server]
              operationId: getMetrics
              summary: Figures in the text form of Prometheus
              security: [{}]
              responses:
                "200": {description: The figures, content: {text/plain: {schema: {type: string}}}}
                default: {$ref: "#/components/responses/Error"}
        components:
          securitySchemes:
            token: {type: http, scheme: bearer}
          parameters:
            id: {name: id, in: path, required: true, schema: {type: string, pattern: "^[0-9A-HJKMNP-TV-Z]{26}$"}}
          responses:
            Error:
              description: Why not
              content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
            Later:
              description: Not now
              headers: {Retry-After: {description: Seconds, schema: {type: integer}}}
              content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}
          schemas:
            Error:
              type: object
              required: [error]
              properties:
                error:
                  type: object
                  required: [code, field, reason]
                  properties:
                    code: {type: string}
                    field: {type: [string, "null"]}
                    reason: {type: string}
                    id: {type: string}
            Status:
              type: object
              required: [status]
              properties: {status: {type: string}}
            Id: {type: string, pattern: "^[0-9A-HJKMNP-TV-Z]{26}$"}
            UID: {type: string, pattern: "^[0-9][0-9.]{0,62}[0-9]$"}
            Voxel: {type: array, items: {type: integer}, minItems: 3, maxItems: 3}
            Models:
              type: object
              required: [models]
              properties:
                models:
                  type: array
                  items:
                    type: object
                    required: [name, title, architecture, channels, labels, regions, spacing, patch, digest, state]
                    properties:
                      name: {type: string}
                      title: {type: string}
                      architecture: {type: string}
                      channels: {type: array, items: {type: object, required: [name], properties: {name: {type: string}}}}
                      labels:
                        type: array
                        items:
                          type: object
                          required: [value, values, name, color]
                          properties:
                            value: {type: integer}
                            values: {type: array, items: {type: integer}}
                            name: {type: string}
                            color: {type: string, pattern: "^#[0-9a-f]{6}$"}
                      regions: {type: boolean}
                      spacing: {type: array, items: {type: number}, minItems: 3, maxItems: 3}
                      patch: {type: array, items: {type: integer}, minItems: 3, maxItems: 3}
                      license: {type: string}
                      digest: {type: string}
                      state: {type: string, enum: [cold, loading, warm]}
            Scan:
              type: object
              required: [id, name, format, size, spacing, bytes, digest, expires]
              properties:
                id: {$ref: "#/components/schemas/Id"}
                name: {type: string}
                format: {type: string}
                size: {$ref: "#/components/schemas/Voxel"}
                spacing: {type: array, items: {type: number}, minItems: 3, maxItems: 3}
                bytes: {type: integer}
                digest: {type: string, pattern: "^[0-9a-f]{64}$"}
                series: {type: string}
                expires: {type: string, format: date-time}
            Wish:
              type: object
              required: [model]
              properties:
                model: {type: string}
                scan: {$ref: "#/components/schemas/Id"}
                scans: {type: array, items: {$ref: "#/components/schemas/Id"}, minItems: 1, maxItems: 64}
                archive:
                  type: object
                  description: A series of an archive that the server is told of (GET /v1/info), instead of a scan
                  required: [name, study, series]
                  properties:
                    name: {type: string}
                    study: {$ref: "#/components/schemas/UID"}
                    series: {$ref: "#/components/schemas/UID"}
                    send: {type: array, description: What is sent back, items: {type: string, enum: [dicom-seg, rtstruct]}}
                options:
                  type: object
                  properties:
                    mirroring: {type: boolean}
                    structures: {type: array, items: {type: string}, minItems: 1}
                    precision: {type: string, enum: [auto, float32, bfloat16]}
            Job:
              type: object
              required: [id, model, scans, state, progress, created, fromStore]
              properties:
                id: {$ref: "#/components/schemas/Id"}
                model: {type: string}
                scan: {$ref: "#/components/schemas/Id"}
                scans: {type: array, items: {$ref: "#/components/schemas/Id"}}
                state: {type: string, enum: [queued, running, done, failed, canceled]}
                position: {type: integer, minimum: 0}
                progress: {type: number, minimum: 0, maximum: 1}
                secondsLeft: {type: number}
                created: {type: string, format: date-time}
                started: {type: string, format: date-time}
                ended: {type: string, format: date-time}
                expires: {type: string, format: date-time}
                error:
                  type: object
                  required: [code, reason]
                  properties: {code: {type: string}, reason: {type: string}}
                fromStore: {type: boolean}
                archive:
                  type: object
                  required: [name, study, series, send]
                  properties:
                    name: {type: string}
                    study: {$ref: "#/components/schemas/UID"}
                    series: {$ref: "#/components/schemas/UID"}
                    send: {type: array, items: {type: string, enum: [dicom-seg, rtstruct]}}
                sent:
                  type: array
                  items:
                    type: object
                    required: [archive, format, stored]
                    properties:
                      archive: {type: string}
                      format: {type: string, enum: [dicom-seg, rtstruct]}
                      stored: {type: boolean, description: Whether the archive has it and gave it back as it was}
                      object: {$ref: "#/components/schemas/UID"}
                      reason: {type: string}
            Statistics:
              type: object
              required: [structures]
              properties:
                structures:
                  type: array
                  items:
                    type: object
                    required: [value, name, color, voxels, milliliters]
                    properties:
                      value: {type: integer}
                      name: {type: string}
                      color: {type: string}
                      voxels: {type: integer}
                      milliliters: {type: number}
                      center: {anyOf: [{$ref: "#/components/schemas/Voxel"}, {type: "null"}]}
                      boundingBox:
                        anyOf:
                          - {type: array, items: {$ref: "#/components/schemas/Voxel"}, minItems: 2, maxItems: 2}
                          - {type: "null"}
            Comparison:
              type: object
              required: [structures]
              properties:
                structures:
                  type: array
                  items:
                    type: object
                    required: [name, dice, hd95]
                    properties: {name: {type: string}, dice: {type: [number, "null"]}, hd95: {type: [number, "null"]}}
            Info:
              type: object
              required: [name, version, devices, limits, authentication, archives]
              properties:
                name: {type: string}
                version: {type: string}
                devices: {type: array, items: {type: string}}
                limits:
                  type: object
                  required: [uploadBytes, keepSeconds]
                  properties: {uploadBytes: {type: integer}, keepSeconds: {type: integer}}
                authentication: {type: boolean}
                archives: {type: array, items: {type: string}}
        """#
}
