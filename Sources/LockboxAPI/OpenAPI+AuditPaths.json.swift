/// The operations of the tenants' audit logs and of the provider's.
let openAPIAuditPaths = #"""
        "/v1/tenants/{tenant}/audit": {
          "get": {
            "operationId": "searchAudit", "tags": ["Audit"], "summary": "Search the audit log",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/AuditFrom" },
              { "$ref": "#/components/parameters/AuditTo" }, { "$ref": "#/components/parameters/Activity" },
              { "$ref": "#/components/parameters/AuditPerson" }, { "$ref": "#/components/parameters/AuditRequest" },
              { "$ref": "#/components/parameters/AuditText" }, { "$ref": "#/components/parameters/AuditSize" },
              { "$ref": "#/components/parameters/Limit" }, { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "Records, newest first; a page, or as text the whole of what was found.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/AuditRecordList" } },
                  "application/jsonl": { "schema": { "type": "string" } },
                  "text/csv": { "schema": { "type": "string" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/checkpoint": {
          "get": {
            "operationId": "getCheckpoint", "tags": ["Audit"],
            "summary": "The signed head of the log (C2SP tlog-checkpoint)",
            "parameters": [{ "$ref": "#/components/parameters/Tenant" }],
            "responses": {
              "200": {
                "description": "A signed note.", "content": { "text/plain": { "schema": { "type": "string" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/key": {
          "get": {
            "operationId": "getLogKey", "tags": ["Audit"],
            "summary": "The key that signs the log's checkpoints (C2SP vkey)",
            "parameters": [{ "$ref": "#/components/parameters/Tenant" }],
            "responses": {
              "200": {
                "description": "One line.", "content": { "text/plain": { "schema": { "type": "string" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/tile/{level}/{index}": {
          "get": {
            "operationId": "getTile", "tags": ["Audit"], "summary": "A full tile of hashes (C2SP tlog-tiles)",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/Level" },
              { "$ref": "#/components/parameters/TileIndex" }
            ],
            "responses": {
              "200": {
                "description": "256 hashes.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/tile/{level}/{index}.p/{width}": {
          "get": {
            "operationId": "getPartialTile", "tags": ["Audit"], "summary": "A partial tile of hashes",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/Level" },
              { "$ref": "#/components/parameters/TileIndex" }, { "$ref": "#/components/parameters/Width" }
            ],
            "responses": {
              "200": {
                "description": "As many hashes as the width says.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/tile/entries/{index}": {
          "get": {
            "operationId": "getEntries", "tags": ["Audit"], "summary": "A full bundle of entries",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/TileIndex" }
            ],
            "responses": {
              "200": {
                "description": "256 entries, each after its length as two bytes.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/tile/entries/{index}.p/{width}": {
          "get": {
            "operationId": "getPartialEntries", "tags": ["Audit"], "summary": "A partial bundle of entries",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/TileIndex" },
              { "$ref": "#/components/parameters/Width" }
            ],
            "responses": {
              "200": {
                "description": "As many entries as the width says.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/proof": {
          "get": {
            "operationId": "getInclusionProof", "tags": ["Audit"], "summary": "Proof that a record is in the log",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" },
              {
                "name": "index", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              },
              {
                "name": "size", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              }
            ],
            "responses": {
              "200": {
                "description": "The proof.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/InclusionProof" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/log/consistency": {
          "get": {
            "operationId": "getConsistencyProof", "tags": ["Audit"], "summary": "Proof that the log only grew",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" },
              {
                "name": "from", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              },
              {
                "name": "to", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              }
            ],
            "responses": {
              "200": {
                "description": "The proof.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/ConsistencyProof" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/audit": {
          "get": {
            "operationId": "searchAuditProvider", "tags": ["Audit"], "summary": "Search the audit log",
            "parameters": [
              { "$ref": "#/components/parameters/AuditFrom" }, { "$ref": "#/components/parameters/AuditTo" },
              { "$ref": "#/components/parameters/Activity" }, { "$ref": "#/components/parameters/AuditPerson" },
              { "$ref": "#/components/parameters/AuditRequest" }, { "$ref": "#/components/parameters/AuditText" },
              { "$ref": "#/components/parameters/AuditSize" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "Records, newest first; a page, or as text the whole of what was found.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/AuditRecordList" } },
                  "application/jsonl": { "schema": { "type": "string" } },
                  "text/csv": { "schema": { "type": "string" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/checkpoint": {
          "get": {
            "operationId": "getCheckpointProvider", "tags": ["Audit"],
            "summary": "The signed head of the log (C2SP tlog-checkpoint)",
            "responses": {
              "200": {
                "description": "A signed note.", "content": { "text/plain": { "schema": { "type": "string" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/key": {
          "get": {
            "operationId": "getLogKeyProvider", "tags": ["Audit"],
            "summary": "The key that signs the log's checkpoints (C2SP vkey)",
            "responses": {
              "200": {
                "description": "One line.", "content": { "text/plain": { "schema": { "type": "string" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/tile/{level}/{index}": {
          "get": {
            "operationId": "getTileProvider", "tags": ["Audit"],
            "summary": "A full tile of hashes (C2SP tlog-tiles)",
            "parameters": [
              { "$ref": "#/components/parameters/Level" }, { "$ref": "#/components/parameters/TileIndex" }
            ],
            "responses": {
              "200": {
                "description": "256 hashes.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/tile/{level}/{index}.p/{width}": {
          "get": {
            "operationId": "getPartialTileProvider", "tags": ["Audit"], "summary": "A partial tile of hashes",
            "parameters": [
              { "$ref": "#/components/parameters/Level" }, { "$ref": "#/components/parameters/TileIndex" },
              { "$ref": "#/components/parameters/Width" }
            ],
            "responses": {
              "200": {
                "description": "As many hashes as the width says.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/tile/entries/{index}": {
          "get": {
            "operationId": "getEntriesProvider", "tags": ["Audit"], "summary": "A full bundle of entries",
            "parameters": [{ "$ref": "#/components/parameters/TileIndex" }],
            "responses": {
              "200": {
                "description": "256 entries, each after its length as two bytes.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/tile/entries/{index}.p/{width}": {
          "get": {
            "operationId": "getPartialEntriesProvider", "tags": ["Audit"], "summary": "A partial bundle of entries",
            "parameters": [
              { "$ref": "#/components/parameters/TileIndex" }, { "$ref": "#/components/parameters/Width" }
            ],
            "responses": {
              "200": {
                "description": "As many entries as the width says.",
                "content": { "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/provider/log/proof": {
          "get": {
            "operationId": "getInclusionProofProvider", "tags": ["Audit"],
            "summary": "Proof that a record is in the log",
            "responses": {
              "200": {
                "description": "The proof.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/InclusionProof" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            },
            "parameters": [
              {
                "name": "index", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              },
              {
                "name": "size", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              }
            ]
          }
        },
        "/v1/provider/log/consistency": {
          "get": {
            "operationId": "getConsistencyProofProvider", "tags": ["Audit"],
            "summary": "Proof that the log only grew",
            "responses": {
              "200": {
                "description": "The proof.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/ConsistencyProof" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            },
            "parameters": [
              {
                "name": "from", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              },
              {
                "name": "to", "in": "query", "required": true,
                "schema": { "type": "integer", "minimum": 0, "maximum": 9007199254740991 }
              }
            ]
          }
        }
    """#
