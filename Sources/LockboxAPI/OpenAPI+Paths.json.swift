/// Sign-in, the directory, the standards' endpoints and the service itself.
let openAPIPaths = #"""
        "/v1/tokens": {
          "post": {
            "operationId": "signIn", "tags": ["Sign-in"], "summary": "Get an API token with a password",
            "security": [], "parameters": [{ "$ref": "#/components/parameters/IdempotencyKey" }],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewToken" } } }
            },
            "responses": {
              "201": {
                "description": "The token, shown this once.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/IssuedToken" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "411": { "$ref": "#/components/responses/411" }, "413": { "$ref": "#/components/responses/413" },
              "415": { "$ref": "#/components/responses/415" }, "422": { "$ref": "#/components/responses/422" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "get": {
            "operationId": "listTokens", "tags": ["Sign-in"], "summary": "The caller's API tokens",
            "parameters": [
              { "$ref": "#/components/parameters/Limit" }, { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TokenList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tokens/{id}": {
          "delete": {
            "operationId": "revokeToken", "tags": ["Sign-in"], "summary": "Revoke one of the caller's API tokens",
            "parameters": [{ "$ref": "#/components/parameters/TokenID" }],
            "responses": {
              "204": { "description": "It is revoked." }, "400": { "$ref": "#/components/responses/400" },
              "401": { "$ref": "#/components/responses/401" }, "403": { "$ref": "#/components/responses/403" },
              "404": { "$ref": "#/components/responses/404" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/me": {
          "get": {
            "operationId": "me", "tags": ["Sign-in"], "summary": "Who the caller is",
            "responses": {
              "200": {
                "description": "The caller.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Me" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/me/letters": {
          "get": {
            "operationId": "getLetterSettings", "tags": ["Sign-in"],
            "summary": "Which letters the caller does not want",
            "responses": {
              "200": {
                "description": "Those that are switched off.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/LetterSettings" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "put": {
            "operationId": "changeLetterSettings", "tags": ["Sign-in"],
            "summary": "Switch off letters that only inform",
            "description": "For the caller alone. What asks for a decision, tells an outcome or warns is always sent.",
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/LetterSettings" } } }
            },
            "responses": {
              "200": {
                "description": "Those that are switched off now.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/LetterSettings" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "411": { "$ref": "#/components/responses/411" }, "413": { "$ref": "#/components/responses/413" },
              "415": { "$ref": "#/components/responses/415" }, "422": { "$ref": "#/components/responses/422" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants": {
          "get": {
            "operationId": "listTenants", "tags": ["Directory"], "summary": "The tenants that the caller can see",
            "parameters": [
              { "$ref": "#/components/parameters/Limit" }, { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TenantList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}": {
          "get": {
            "operationId": "getTenant", "tags": ["Directory"], "summary": "One tenant",
            "parameters": [{ "$ref": "#/components/parameters/Tenant" }],
            "responses": {
              "200": {
                "description": "The tenant.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Tenant" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/people": {
          "get": {
            "operationId": "listPeople", "tags": ["Directory"], "summary": "The tenant's people and their roles",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/PersonList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/people/{person}": {
          "put": {
            "operationId": "setRoles", "tags": ["Directory"], "summary": "Say what a person of the tenant may do",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/Person" }
            ],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewRoles" } } }
            },
            "responses": {
              "200": {
                "description": "The person as they are now.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Person" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "409": { "$ref": "#/components/responses/409" },
              "411": { "$ref": "#/components/responses/411" }, "413": { "$ref": "#/components/responses/413" },
              "415": { "$ref": "#/components/responses/415" }, "422": { "$ref": "#/components/responses/422" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/resources": {
          "get": {
            "operationId": "listResources", "tags": ["Directory"], "summary": "What can be opened",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ResourceList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/services": {
          "get": {
            "operationId": "listServices", "tags": ["Directory"], "summary": "The services that obey Lockbox",
            "parameters": [
              { "$ref": "#/components/parameters/Limit" }, { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ServiceList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/tenants/{tenant}/policy": {
          "get": {
            "operationId": "getPolicy", "tags": ["Directory"], "summary": "The tenant's own rules",
            "parameters": [{ "$ref": "#/components/parameters/Tenant" }],
            "responses": {
              "200": {
                "description": "The policy.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Policy" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "put": {
            "operationId": "setPolicy", "tags": ["Directory"], "summary": "Change the tenant's own rules",
            "parameters": [
              { "$ref": "#/components/parameters/Tenant" }, { "$ref": "#/components/parameters/IfMatch" }
            ],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewPolicy" } } }
            },
            "responses": {
              "200": {
                "description": "The policy as it is now.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Policy" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "409": { "$ref": "#/components/responses/409" },
              "411": { "$ref": "#/components/responses/411" }, "412": { "$ref": "#/components/responses/412" },
              "413": { "$ref": "#/components/responses/413" }, "415": { "$ref": "#/components/responses/415" },
              "422": { "$ref": "#/components/responses/422" }, "428": { "$ref": "#/components/responses/428" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/oauth2/introspect": {
          "post": {
            "operationId": "introspect", "tags": ["Standards"],
            "summary": "Ask whether a credential gives access now (RFC 7662)", "security": [{ "client": [] }],
            "requestBody": {
              "required": true,
              "content": {
                "application/x-www-form-urlencoded": {
                  "schema": {
                    "type": "object", "required": ["token"],
                    "properties": {
                      "token": { "type": "string", "minLength": 1, "maxLength": 4096 },
                      "token_type_hint": { "type": "string", "maxLength": 100 }
                    }
                  }
                }
              }
            },
            "responses": {
              "200": {
                "description": "The answer.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Introspection" } } }
              },
              "400": { "$ref": "#/components/responses/OAuthProblem" },
              "401": { "$ref": "#/components/responses/OAuthProblem" },
              "411": { "$ref": "#/components/responses/411" }, "413": { "$ref": "#/components/responses/413" },
              "415": { "$ref": "#/components/responses/415" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/oauth2/revoke": {
          "post": {
            "operationId": "revokeCredential", "tags": ["Standards"],
            "summary": "Make a credential invalid (RFC 7009)", "security": [{ "client": [] }],
            "requestBody": {
              "required": true,
              "content": {
                "application/x-www-form-urlencoded": {
                  "schema": {
                    "type": "object", "required": ["token"],
                    "properties": {
                      "token": { "type": "string", "minLength": 1, "maxLength": 4096 },
                      "token_type_hint": { "type": "string", "maxLength": 100 }
                    }
                  }
                }
              }
            },
            "responses": {
              "200": { "description": "It is invalid, or never was valid." },
              "400": { "$ref": "#/components/responses/OAuthProblem" },
              "401": { "$ref": "#/components/responses/OAuthProblem" },
              "411": { "$ref": "#/components/responses/411" }, "413": { "$ref": "#/components/responses/413" },
              "415": { "$ref": "#/components/responses/415" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/.well-known/oauth-authorization-server": {
          "get": {
            "operationId": "serverMetadata", "tags": ["Standards"],
            "summary": "Where the OAuth endpoints are (RFC 8414)", "security": [],
            "responses": {
              "200": {
                "description": "The metadata.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/ServerMetadata" } } }
              },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/openapi.json": {
          "get": {
            "operationId": "openAPI", "tags": ["Service"], "summary": "This document", "security": [],
            "responses": {
              "200": {
                "description": "OpenAPI 3.1.", "content": { "application/json": { "schema": { "type": "object" } } }
              },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/healthz": {
          "get": {
            "operationId": "health", "tags": ["Service"], "summary": "Whether the process runs", "security": [],
            "responses": {
              "200": { "description": "It does." }, "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/readyz": {
          "get": {
            "operationId": "ready", "tags": ["Service"], "summary": "Whether Lockbox can serve", "security": [],
            "responses": {
              "200": { "description": "It can." }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/metrics": {
          "get": {
            "operationId": "metrics", "tags": ["Service"], "summary": "Counters in Prometheus' text format",
            "security": [],
            "responses": {
              "200": {
                "description": "The counters.", "content": { "text/plain": { "schema": { "type": "string" } } }
              },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        }
    """#
