/// The API as an OpenAPI 3.1 document, served under `/openapi.json`.
package let openAPIDocument: String = """
    {
    \(openAPIHead),
      "paths": {
    \(openAPIRequestPaths),
    \(openAPIPaths),
    \(openAPIAuditPaths)
      },
      "components": {
    \(openAPICommonParts),
        "schemas": {
    \(openAPISchemas),
    \(openAPIMessageSchemas)
        }
      }
    }
    """

/// What the document says of itself.
private let openAPIHead = #"""
      "openapi": "3.1.0",
      "info": {
        "title": "Lockbox", "version": "1.0.0",
        "summary": "Nobody reaches a customer's data without the customer's yes.",
        "description": "JSON in UTF-8. Times are RFC 3339 in UTC, durations ISO 8601. Whatever the caller may not see looks exactly like what does not exist. A writing request with a member that this document does not name is refused; answers may gain members.",
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
      },
      "servers": [{ "url": "/" }],
      "security": [{ "token": [] }],
      "tags": [
        { "name": "Sign-in" }, { "name": "Support requests" }, { "name": "Access requests" },
        { "name": "Directory" }, { "name": "Audit" }, { "name": "Standards" }, { "name": "Service" }
      ]
    """#
