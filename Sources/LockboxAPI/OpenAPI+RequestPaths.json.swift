/// The operations on support requests and access requests.
let openAPIRequestPaths = #"""
        "/v1/support-requests": {
          "post": {
            "operationId": "openSupportRequest", "tags": ["Support requests"],
            "summary": "Ask the provider for help",
            "parameters": [{ "$ref": "#/components/parameters/IdempotencyKey" }],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewSupportRequest" } } }
            },
            "responses": {
              "201": {
                "description": "It is open.",
                "headers": {
                  "Location": { "description": "Where it can be read.", "schema": { "type": "string" } }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/SupportRequest" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "409": { "$ref": "#/components/responses/409" }, "411": { "$ref": "#/components/responses/411" },
              "413": { "$ref": "#/components/responses/413" }, "415": { "$ref": "#/components/responses/415" },
              "422": { "$ref": "#/components/responses/422" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "get": {
            "operationId": "listSupportRequests", "tags": ["Support requests"],
            "summary": "Support requests, newest first",
            "parameters": [
              { "$ref": "#/components/parameters/TenantFilter" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/SupportRequestList" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/support-requests/{number}": {
          "get": {
            "operationId": "getSupportRequest", "tags": ["Support requests"], "summary": "One support request",
            "parameters": [
              { "$ref": "#/components/parameters/Number" }, { "$ref": "#/components/parameters/TenantFilter" }
            ],
            "responses": {
              "200": {
                "description": "The support request.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/SupportRequest" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "422": { "$ref": "#/components/responses/422" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/requests": {
          "post": {
            "operationId": "submitRequest", "tags": ["Access requests"],
            "summary": "Ask for access to a tenant's data",
            "parameters": [{ "$ref": "#/components/parameters/IdempotencyKey" }],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewAccessRequest" } } }
            },
            "responses": {
              "201": {
                "description": "It awaits a manager of the provider.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  },
                  "Location": { "description": "Where it can be read.", "schema": { "type": "string" } }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "409": { "$ref": "#/components/responses/409" }, "411": { "$ref": "#/components/responses/411" },
              "413": { "$ref": "#/components/responses/413" }, "415": { "$ref": "#/components/responses/415" },
              "422": { "$ref": "#/components/responses/422" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "get": {
            "operationId": "listRequests", "tags": ["Access requests"], "summary": "Access requests, newest first",
            "parameters": [
              { "$ref": "#/components/parameters/StateFilter" }, { "$ref": "#/components/parameters/TenantFilter" },
              { "$ref": "#/components/parameters/SupportFilter" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequestList" } }
                }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "406": { "$ref": "#/components/responses/406" },
              "429": { "$ref": "#/components/responses/429" }, "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/requests/{id}": {
          "get": {
            "operationId": "getRequest", "tags": ["Access requests"], "summary": "One access request",
            "parameters": [{ "$ref": "#/components/parameters/Request" }],
            "responses": {
              "200": {
                "description": "The request.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/requests/{id}/decisions": {
          "post": {
            "operationId": "decide", "tags": ["Access requests"], "summary": "Approve or deny",
            "description": "As a manager of the provider or as an approver of the tenant, by who is calling. Never one's own request. An approval can give less than was asked for, never more.",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IfMatch" },
              { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewDecision" } } }
            },
            "responses": {
              "200": {
                "description": "The request as it is now.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
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
        "/v1/requests/{id}/withdraw": {
          "post": {
            "operationId": "withdraw", "tags": ["Access requests"],
            "summary": "Take a request back before it is decided",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": false,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Comment" } } }
            },
            "responses": {
              "200": {
                "description": "The request as it is now.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
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
        "/v1/requests/{id}/finish": {
          "post": {
            "operationId": "finish", "tags": ["Access requests"], "summary": "End one's access before its time",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": false,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Comment" } } }
            },
            "responses": {
              "200": {
                "description": "The request as it is now.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
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
        "/v1/requests/{id}/revoke": {
          "post": {
            "operationId": "revoke", "tags": ["Access requests"], "summary": "End somebody's access at once",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": false,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Comment" } } }
            },
            "responses": {
              "200": {
                "description": "The request as it is now.",
                "headers": {
                  "ETag": {
                    "description": "`\"v<version>\"`.", "schema": { "type": "string", "pattern": "^\"v[0-9]+\"$" }
                  }
                },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/AccessRequest" } } }
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
        "/v1/requests/{id}/credentials": {
          "post": {
            "operationId": "obtainCredential", "tags": ["Access requests"], "summary": "Get what opens a resource",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": false,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewCredential" } } }
            },
            "responses": {
              "201": {
                "description": "The credential, shown this once; it never outlives the access.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Credential" } } }
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
        "/v1/requests/{id}/notices": {
          "get": {
            "operationId": "listNotices", "tags": ["Access requests"],
            "summary": "Letters about the request, and what became of them",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "A page.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NoticeList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          }
        },
        "/v1/requests/{id}/messages": {
          "get": {
            "operationId": "listMessages", "tags": ["Access requests"],
            "summary": "Questions and answers about the request, oldest first",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/Limit" },
              { "$ref": "#/components/parameters/Cursor" }
            ],
            "responses": {
              "200": {
                "description": "The whole thread.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/MessageList" } } }
              },
              "400": { "$ref": "#/components/responses/400" }, "401": { "$ref": "#/components/responses/401" },
              "403": { "$ref": "#/components/responses/403" }, "404": { "$ref": "#/components/responses/404" },
              "406": { "$ref": "#/components/responses/406" }, "429": { "$ref": "#/components/responses/429" },
              "503": { "$ref": "#/components/responses/503" },
              "default": { "$ref": "#/components/responses/default" }
            }
          },
          "post": {
            "operationId": "postMessage", "tags": ["Access requests"], "summary": "Ask or answer a question",
            "description": "As an approver or administrator of the tenant, as the engineer who made the request, or as a manager of the provider, until the request is over. No deadline moves, and the request keeps its version.",
            "parameters": [
              { "$ref": "#/components/parameters/Request" }, { "$ref": "#/components/parameters/IdempotencyKey" }
            ],
            "requestBody": {
              "required": true,
              "content": { "application/json": { "schema": { "$ref": "#/components/schemas/NewMessage" } } }
            },
            "responses": {
              "201": {
                "description": "It is in the thread, and a letter says so.",
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Message" } } }
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
        }
    """#
