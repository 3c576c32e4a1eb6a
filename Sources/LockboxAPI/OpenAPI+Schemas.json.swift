/// The bodies.
let openAPISchemas = #"""
          "Instant": {
            "description": "An instant: RFC 3339, in UTC in answers.", "type": "string", "format": "date-time",
            "maxLength": 35,
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
          },
          "Duration": {
            "description": "A length of time: ISO 8601 in days, hours, minutes and seconds.", "type": "string",
            "minLength": 3, "maxLength": 40,
            "pattern": "^P(?!$)([0-9]{1,12}D)?(T(?=[0-9])([0-9]{1,12}H)?([0-9]{1,12}M)?([0-9]{1,12}(\\.[0-9]{1,9})?S)?)?$",
            "examples": ["PT2H"]
          },
          "Problem": {
            "description": "RFC 9457. Nothing was changed.", "type": "object",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
              "type": { "type": "string", "description": "A URI that names the kind of problem." },
              "title": { "type": "string" }, "status": { "type": "integer", "minimum": 400, "maximum": 599 },
              "detail": {
                "type": "string", "description": "What is wrong and what to do, for the person who asked."
              },
              "code": {
                "type": "string", "description": "The reason's name; it never changes. Programs go by it."
              },
              "errors": {
                "type": "array",
                "items": {
                  "type": "object", "required": ["field", "detail"],
                  "properties": {
                    "field": {
                      "type": "string",
                      "description": "The member (`resources[0].id`), parameter or header at fault."
                    },
                    "detail": { "type": "string" }
                  }
                }
              }
            }
          },
          "OAuthError": {
            "description": "RFC 6749, section 5.2.", "type": "object", "required": ["error"],
            "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } }
          },
          "PersonRef": {
            "type": "object", "required": ["id", "name", "email"],
            "properties": {
              "id": { "type": "string", "pattern": "^PER-[0-9A-HJKMNP-TV-Z]{10}$" }, "name": { "type": "string" },
              "email": { "type": "string" }
            }
          },
          "Me": {
            "type": "object", "required": ["id", "name", "email", "side", "tenant", "roles"],
            "properties": {
              "id": { "type": "string", "pattern": "^PER-[0-9A-HJKMNP-TV-Z]{10}$" }, "name": { "type": "string" },
              "email": { "type": "string" }, "side": { "type": "string", "enum": ["provider", "tenant"] },
              "tenant": {
                "type": ["string", "null"], "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63
              },
              "roles": {
                "type": "array",
                "items": {
                  "type": "string",
                  "enum": ["engineer", "manager", "operator", "member", "approver", "admin", "auditor"]
                }
              }
            }
          },
          "Person": {
            "type": "object", "required": ["id", "name", "email", "roles", "disabled"],
            "properties": {
              "id": { "type": "string", "pattern": "^PER-[0-9A-HJKMNP-TV-Z]{10}$" }, "name": { "type": "string" },
              "email": { "type": "string" },
              "roles": {
                "type": "array",
                "items": {
                  "type": "string",
                  "enum": ["engineer", "manager", "operator", "member", "approver", "admin", "auditor"]
                }
              },
              "disabled": { "type": "boolean", "description": "Switched off: can do nothing." }
            }
          },
          "NewRoles": {
            "description": "All the roles that the person shall have from now on.", "type": "object",
            "required": ["roles"],
            "properties": {
              "roles": {
                "type": "array", "items": { "type": "string", "enum": ["member", "approver", "admin", "auditor"] },
                "minItems": 0, "maxItems": 4
              }
            },
            "additionalProperties": false
          },
          "NewToken": {
            "type": "object", "required": ["email", "password"],
            "properties": {
              "email": { "type": "string", "maxLength": 254 },
              "password": { "type": "string", "maxLength": 1024, "description": "The local password." },
              "label": {
                "type": ["string", "null"], "minLength": 1, "maxLength": 100,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "description": "What the token is for."
              }
            },
            "additionalProperties": false
          },
          "Token": {
            "type": "object", "required": ["id", "label", "createdAt", "expiresAt"],
            "properties": {
              "id": { "type": "string", "pattern": "^TOK-[0-9A-HJKMNP-TV-Z]{10}$" }, "label": { "type": "string" },
              "createdAt": { "$ref": "#/components/schemas/Instant" },
              "expiresAt": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] }
            }
          },
          "IssuedToken": {
            "type": "object", "required": ["id", "token", "person", "expiresAt"],
            "properties": {
              "id": { "type": "string", "pattern": "^TOK-[0-9A-HJKMNP-TV-Z]{10}$" },
              "token": { "type": "string", "pattern": "^lbx_", "description": "The secret, shown this once." },
              "person": { "$ref": "#/components/schemas/PersonRef" },
              "expiresAt": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] }
            }
          },
          "Tenant": {
            "type": "object", "required": ["id", "name", "licensed", "requireApproval"],
            "properties": {
              "id": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "name": { "type": "string" },
              "licensed": { "type": "boolean", "description": "Whether its plan includes Lockbox." },
              "requireApproval": { "type": "boolean", "description": "Whether its own yes is needed." }
            }
          },
          "Policy": {
            "type": "object",
            "required": [
              "tenant", "licensed", "requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded", "version"
            ],
            "properties": {
              "tenant": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "licensed": { "type": "boolean" }, "requireApproval": { "type": "boolean" },
              "decisionWindow": { "$ref": "#/components/schemas/Duration" },
              "maxAccess": { "$ref": "#/components/schemas/Duration" },
              "approvalsNeeded": { "type": "integer", "minimum": 1, "maximum": 10 },
              "version": { "type": "integer", "minimum": 1 }
            }
          },
          "NewPolicy": {
            "type": "object", "required": ["requireApproval", "decisionWindow", "maxAccess", "approvalsNeeded"],
            "properties": {
              "requireApproval": {
                "type": "boolean", "description": "Require approval for all data access requests."
              },
              "decisionWindow": {
                "$ref": "#/components/schemas/Duration",
                "description": "How long approvers may take: PT15M to P14D."
              },
              "maxAccess": {
                "$ref": "#/components/schemas/Duration", "description": "How long access may last: PT1S to P1D."
              },
              "approvalsNeeded": { "type": "integer", "minimum": 1, "maximum": 10 }
            },
            "additionalProperties": false
          },
          "Service": {
            "type": "object", "required": ["id", "kind", "resources"],
            "properties": {
              "id": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "kind": { "type": "string", "enum": ["imap", "http", "sql"] },
              "resources": { "type": "string", "description": "The type of its resources, such as `mailbox`." }
            }
          },
          "Resource": {
            "type": "object", "required": ["service", "id"],
            "properties": {
              "service": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "id": { "type": "string", "description": "Type and name, such as `mailbox:sue@contoso.example`." }
            }
          },
          "ResourceAccess": {
            "description": "One resource and what may be done to it. Writing includes reading.", "type": "object",
            "required": ["service", "id", "actions"],
            "properties": {
              "service": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "id": { "type": "string", "minLength": 3, "maxLength": 300, "pattern": "^[A-Za-z]+:[!-~]+$" },
              "actions": {
                "type": "array", "items": { "type": "string", "enum": ["read", "write"] }, "minItems": 1,
                "maxItems": 2, "uniqueItems": true
              }
            },
            "additionalProperties": false
          },
          "GrantedResource": {
            "type": "object", "required": ["service", "id", "actions"],
            "properties": {
              "service": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "id": { "type": "string" },
              "actions": {
                "type": "array", "items": { "type": "string", "enum": ["read", "write"] }, "minItems": 1,
                "maxItems": 2
              }
            }
          },
          "NewSupportRequest": {
            "type": "object", "required": ["tenant", "subject", "description"],
            "properties": {
              "tenant": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "subject": {
                "type": "string", "minLength": 1, "maxLength": 200,
                "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
              },
              "description": {
                "type": "string", "minLength": 1, "maxLength": 8000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"
              },
              "service": {
                "type": ["string", "null"], "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63,
                "description": "The service that is affected."
              },
              "number": {
                "type": ["string", "null"], "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "maxLength": 64,
                "description": "The number in an outside ticket system; Lockbox gives one (`SR-…`) if left out."
              },
              "url": {
                "type": ["string", "null"], "minLength": 8, "maxLength": 2000,
                "pattern": "^https?://[^ \\u0000-\\u001f\\u007f-\\u009f]+$",
                "description": "Where the outside ticket system shows it."
              }
            },
            "additionalProperties": false
          },
          "SupportRequest": {
            "type": "object",
            "required": ["number", "tenant", "subject", "description", "service", "url", "openedBy", "openedAt"],
            "properties": {
              "number": { "type": "string" },
              "tenant": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "subject": { "type": "string" }, "description": { "type": "string" },
              "service": {
                "type": ["string", "null"], "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63
              },
              "url": { "type": ["string", "null"] }, "openedBy": { "$ref": "#/components/schemas/PersonRef" },
              "openedAt": { "$ref": "#/components/schemas/Instant" }
            }
          },
          "NewAccessRequest": {
            "type": "object", "required": ["tenant", "supportRequest", "reason", "duration", "resources"],
            "properties": {
              "tenant": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "supportRequest": {
                "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$", "maxLength": 64
              },
              "reason": {
                "type": "string", "minLength": 10, "maxLength": 2000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
                "description": "Why the tenant's data must be opened, for the people who decide."
              },
              "duration": { "$ref": "#/components/schemas/Duration" },
              "resources": {
                "type": "array", "items": { "$ref": "#/components/schemas/ResourceAccess" }, "minItems": 1,
                "maxItems": 20
              },
              "notBefore": {
                "description": "The earliest start, at most 30 days ahead; at once if left out.",
                "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }]
              }
            },
            "additionalProperties": false
          },
          "Decision": {
            "type": "object", "required": ["by", "side", "decision", "comment", "duration", "resources", "at"],
            "properties": {
              "by": { "$ref": "#/components/schemas/PersonRef" },
              "side": { "type": "string", "enum": ["provider", "customer"] },
              "decision": { "type": "string", "enum": ["approve", "deny"] },
              "comment": { "type": ["string", "null"] },
              "duration": { "anyOf": [{ "$ref": "#/components/schemas/Duration" }, { "type": "null" }] },
              "resources": {
                "type": ["array", "null"], "items": { "$ref": "#/components/schemas/GrantedResource" }
              },
              "at": { "$ref": "#/components/schemas/Instant" }
            }
          },
          "NewDecision": {
            "type": "object", "required": ["decision"],
            "properties": {
              "decision": { "type": "string", "enum": ["approve", "deny"] },
              "comment": {
                "type": ["string", "null"], "minLength": 1, "maxLength": 2000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$",
                "description": "Required with deny."
              },
              "duration": {
                "description": "With approve: a shorter duration.",
                "anyOf": [{ "$ref": "#/components/schemas/Duration" }, { "type": "null" }]
              },
              "resources": {
                "type": ["array", "null"], "items": { "$ref": "#/components/schemas/ResourceAccess" },
                "minItems": 1, "maxItems": 20,
                "description": "With approve: fewer resources or actions, never more."
              }
            },
            "additionalProperties": false
          },
          "Comment": {
            "type": "object",
            "properties": {
              "comment": {
                "type": ["string", "null"], "minLength": 1, "maxLength": 2000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"
              }
            },
            "additionalProperties": false
          },
          "Grant": {
            "type": "object",
            "required": [
              "id", "start", "end", "state", "basis", "resources", "endedReason", "endedAt", "endedBy", "removals",
              "uses"
            ],
            "properties": {
              "id": { "type": "string", "pattern": "^GRT-[0-9A-HJKMNP-TV-Z]{10}$" },
              "start": { "$ref": "#/components/schemas/Instant" },
              "end": { "$ref": "#/components/schemas/Instant" },
              "state": { "type": "string", "enum": ["scheduled", "active", "removing", "removalFailed", "ended"] },
              "basis": {
                "type": "string", "enum": ["approval", "policy"],
                "description": "`policy` where the tenant requires no approval."
              },
              "resources": {
                "type": "array", "items": { "$ref": "#/components/schemas/GrantedResource" }, "minItems": 1
              },
              "endedReason": {
                "type": ["string", "null"], "enum": ["windowOver", "finished", "revoked", "tenantSwitch", null]
              },
              "endedAt": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] },
              "endedBy": { "anyOf": [{ "$ref": "#/components/schemas/PersonRef" }, { "type": "null" }] },
              "removals": {
                "type": "array",
                "items": {
                  "type": "object", "required": ["service", "state", "attempts", "problem"],
                  "properties": {
                    "service": {
                      "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63
                    },
                    "state": { "type": "string", "enum": ["pending", "failed", "confirmed"] },
                    "attempts": { "type": "integer", "minimum": 0 }, "problem": { "type": ["string", "null"] }
                  }
                },
                "description": "What each service made of the end."
              },
              "uses": {
                "type": "array",
                "items": {
                  "type": "object", "required": ["service", "id", "count", "first", "last"],
                  "properties": {
                    "service": {
                      "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63
                    },
                    "id": { "type": "string" }, "count": { "type": "integer", "minimum": 0 },
                    "first": { "$ref": "#/components/schemas/Instant" },
                    "last": { "$ref": "#/components/schemas/Instant" }
                  }
                },
                "description": "How often each resource was opened."
              }
            }
          },
          "AccessRequest": {
            "type": "object",
            "required": [
              "id", "state", "version", "tenant", "supportRequest", "engineer", "reason", "resources", "duration",
              "notBefore", "createdAt", "decideBy", "approvalsNeeded", "decisions", "grant"
            ],
            "properties": {
              "id": { "type": "string", "pattern": "^LBX-[0-9A-HJKMNP-TV-Z]{10}$" },
              "state": {
                "type": "string",
                "enum": [
                  "awaitingManager", "awaitingCustomer", "scheduled", "active", "ended", "rejected", "denied",
                  "withdrawn", "expired"
                ]
              },
              "version": { "type": "integer", "minimum": 1 },
              "tenant": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "supportRequest": { "type": "string" }, "engineer": { "$ref": "#/components/schemas/PersonRef" },
              "reason": { "type": "string" },
              "resources": {
                "type": "array", "items": { "$ref": "#/components/schemas/GrantedResource" }, "minItems": 1
              },
              "duration": { "$ref": "#/components/schemas/Duration" },
              "notBefore": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] },
              "createdAt": { "$ref": "#/components/schemas/Instant" },
              "decideBy": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] },
              "approvalsNeeded": { "type": ["integer", "null"], "minimum": 1 },
              "decisions": { "type": "array", "items": { "$ref": "#/components/schemas/Decision" } },
              "grant": { "anyOf": [{ "$ref": "#/components/schemas/Grant" }, { "type": "null" }] }
            }
          },
          "NewCredential": {
            "type": "object",
            "properties": {
              "service": {
                "type": ["string", "null"], "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63
              },
              "resource": {
                "type": ["string", "null"], "minLength": 3, "maxLength": 300, "pattern": "^[A-Za-z]+:[!-~]+$",
                "description": "May be left out when the access has only one."
              }
            },
            "additionalProperties": false
          },
          "Credential": {
            "type": "object",
            "required": ["id", "token", "expiresAt", "resource", "service", "username", "actions", "how"],
            "properties": {
              "id": { "type": "string", "pattern": "^CRD-[0-9A-HJKMNP-TV-Z]{10}$" },
              "token": { "type": "string", "description": "The secret, shown this once." },
              "expiresAt": { "$ref": "#/components/schemas/Instant" }, "resource": { "type": "string" },
              "service": { "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "maxLength": 63 },
              "username": { "type": "string", "description": "The login name at the service." },
              "actions": { "type": "array", "items": { "type": "string", "enum": ["read", "write"] } },
              "how": { "type": "string", "description": "How to present it." }
            }
          },
          "Notice": {
            "type": "object",
            "required": [
              "id", "kind", "recipient", "state", "attempts", "createdAt", "sentAt", "nextAttempt", "lastReply"
            ],
            "properties": {
              "id": { "type": "string", "pattern": "^MSG-[0-9A-HJKMNP-TV-Z]{10}$" }, "kind": { "type": "string" },
              "recipient": { "$ref": "#/components/schemas/PersonRef" },
              "state": { "type": "string", "enum": ["queued", "sent", "refused", "cancelled"] },
              "attempts": { "type": "integer", "minimum": 0 },
              "createdAt": { "$ref": "#/components/schemas/Instant" },
              "sentAt": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] },
              "nextAttempt": { "anyOf": [{ "$ref": "#/components/schemas/Instant" }, { "type": "null" }] },
              "lastReply": { "type": ["string", "null"], "description": "The receiving server's last words." }
            }
          },
          "AuditRecord": {
            "type": "object",
            "required": ["index", "time", "activity", "actor", "request", "data", "texts", "leaf", "hash"],
            "properties": {
              "index": { "type": "integer", "minimum": 0 }, "time": { "$ref": "#/components/schemas/Instant" },
              "activity": { "type": "string" },
              "actor": {
                "type": "object", "required": ["id", "name"],
                "properties": { "id": { "type": "string" }, "name": { "type": ["string", "null"] } }
              },
              "request": { "type": ["string", "null"], "pattern": "^LBX-[0-9A-HJKMNP-TV-Z]{10}$" },
              "data": { "type": "object" },
              "texts": {
                "description": "Personal and free texts, of which the leaf holds only salted commitments.",
                "type": "object",
                "additionalProperties": {
                  "type": "object", "required": ["text", "salt"],
                  "properties": {
                    "text": { "type": ["string", "null"], "description": "Null once erased." },
                    "salt": { "type": "string" }
                  }
                }
              },
              "leaf": { "type": "string", "description": "The canonical JSON, exactly as hashed." },
              "hash": {
                "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$", "description": "RFC 6962 leaf hash of `leaf`."
              },
              "size": {
                "type": "integer", "minimum": 0, "description": "The size of the tree that `proof` leads to."
              },
              "proof": {
                "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" },
                "description": "RFC 9162 inclusion proof, from the leaf up."
              }
            }
          },
          "InclusionProof": {
            "type": "object", "required": ["index", "size", "hash", "proof"],
            "properties": {
              "index": { "type": "integer", "minimum": 0 }, "size": { "type": "integer", "minimum": 0 },
              "hash": { "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" },
              "proof": { "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" } }
            }
          },
          "ConsistencyProof": {
            "type": "object", "required": ["from", "to", "proof"],
            "properties": {
              "from": { "type": "integer", "minimum": 0 }, "to": { "type": "integer", "minimum": 0 },
              "proof": { "type": "array", "items": { "type": "string", "pattern": "^[A-Za-z0-9+/]{43}=$" } }
            }
          },
          "Introspection": {
            "description": "RFC 7662. `{\"active\": false}` and nothing else for any token that gives no access now.",
            "type": "object", "required": ["active"], "properties": { "active": { "type": "boolean" } }
          },
          "ServerMetadata": {
            "description": "RFC 8414.", "type": "object", "required": ["issuer"],
            "properties": { "issuer": { "type": "string" } }
          },
          "SupportRequestList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/SupportRequest" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "AccessRequestList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/AccessRequest" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "PersonList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Person" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "TenantList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Tenant" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "TokenList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Token" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "ServiceList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Service" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "ResourceList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Resource" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "NoticeList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Notice" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          },
          "AuditRecordList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/AuditRecord" } },
              "next": {
                "type": ["string", "null"], "description": "The cursor of the next page; null on the last."
              }
            }
          }
    """#
