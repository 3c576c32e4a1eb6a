/// Security schemes, parameters and problem answers that operations share.
let openAPICommonParts = #"""
        "securitySchemes": {
          "token": { "type": "http", "scheme": "bearer", "description": "An API token (`lbx_…`)." },
          "client": { "type": "http", "scheme": "basic", "description": "A registered service." }
        },
        "parameters": {
          "Tenant": {
            "name": "tenant", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 }
          },
          "Person": {
            "name": "person", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^PER-[0-9A-HJKMNP-TV-Z]{10}$" }
          },
          "Request": {
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^LBX-[0-9A-HJKMNP-TV-Z]{10}$" }
          },
          "Number": {
            "name": "number", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "maxLength": 64 }
          },
          "TokenID": {
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^TOK-[0-9A-HJKMNP-TV-Z]{10}$" }
          },
          "Level": {
            "name": "level", "in": "path", "required": true,
            "schema": { "type": "integer", "minimum": 0, "maximum": 7 }
          },
          "TileIndex": {
            "name": "index", "in": "path",
            "description": "Three digits. From 1000 on, groups of three: `x001/067` (C2SP tlog-tiles).",
            "required": true, "schema": { "type": "string", "pattern": "^[0-9]{3}$" }
          },
          "Width": {
            "name": "width", "in": "path", "required": true,
            "schema": { "type": "integer", "minimum": 1, "maximum": 255 }
          },
          "Limit": {
            "name": "limit", "in": "query", "description": "How many items a page holds at most.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }
          },
          "Cursor": {
            "name": "cursor", "in": "query", "description": "`next` of the page before.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 500, "pattern": "^[!-~]+$" }
          },
          "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "Any text of the caller's. A repeated request with the same key gets the first outcome and changes nothing.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }
          },
          "IfMatch": {
            "name": "If-Match", "in": "header", "description": "The ETag of what was read.", "required": true,
            "schema": { "type": "string", "maxLength": 64, "pattern": "^\"v[0-9]{1,15}\"$" }
          },
          "AuditFrom": {
            "name": "from", "in": "query", "description": "At or after.",
            "schema": { "$ref": "#/components/schemas/Instant" }
          },
          "AuditTo": {
            "name": "to", "in": "query", "description": "Before.",
            "schema": { "$ref": "#/components/schemas/Instant" }
          },
          "Activity": {
            "name": "activity", "in": "query",
            "description": "The whole activity, or its first part: `request` finds `request.approved`.",
            "schema": {
              "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
            }
          },
          "AuditPerson": {
            "name": "person", "in": "query", "description": "An identifier, or part of a name or address.",
            "schema": {
              "type": "string", "minLength": 1, "maxLength": 254, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
            }
          },
          "AuditRequest": {
            "name": "request", "in": "query",
            "schema": { "type": "string", "pattern": "^LBX-[0-9A-HJKMNP-TV-Z]{10}$" }
          },
          "AuditText": {
            "name": "text", "in": "query", "description": "Part of any text of the record.",
            "schema": {
              "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
            }
          },
          "AuditSize": {
            "name": "size", "in": "query",
            "description": "Each record then carries the proof of its inclusion in the tree of this size.",
            "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
          },
          "TenantFilter": {
            "name": "tenant", "in": "query",
            "description": "Only of this tenant. Needed where several tenants use one number.",
            "schema": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 }
          },
          "StateFilter": {
            "name": "state", "in": "query",
            "schema": {
              "type": "string",
              "enum": [
                "awaitingManager", "awaitingCustomer", "scheduled", "active", "ended", "rejected", "denied",
                "withdrawn", "expired"
              ]
            }
          },
          "SupportFilter": {
            "name": "supportRequest", "in": "query",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "maxLength": 64 }
          }
        },
        "responses": {
          "400": {
            "description": "Malformed: JSON, an unknown member, a wrong type, or a bad parameter.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "401": {
            "description": "No valid API token.",
            "headers": { "WWW-Authenticate": { "schema": { "type": "string" } } },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "403": {
            "description": "The caller may not do this.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "404": {
            "description": "There is no such thing, or it is none of the caller's business.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "406": {
            "description": "None of the types in Accept is available.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "409": {
            "description": "The present state does not allow it.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "411": {
            "description": "The body has no length.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "412": {
            "description": "The thing has changed since it was read.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "413": {
            "description": "The body is larger than 64 KiB.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "415": {
            "description": "The body is not of the type asked for.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "422": {
            "description": "A value breaks a rule or names something unknown, or the Idempotency-Key was used for another request.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "428": {
            "description": "If-Match is missing.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "429": {
            "description": "Too many requests.",
            "headers": { "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "string" } } },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "503": {
            "description": "Lockbox cannot answer now; nothing was changed.",
            "headers": { "Retry-After": { "description": "Seconds to wait.", "schema": { "type": "string" } } },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "default": {
            "description": "Any other problem.",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
          },
          "OAuthProblem": {
            "description": "An OAuth error.",
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/OAuthError" } } }
          }
        }
    """#
