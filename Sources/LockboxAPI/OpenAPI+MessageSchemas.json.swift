/// The bodies of messages and of what a person chooses.
let openAPIMessageSchemas = #"""
          "NewMessage": {
            "type": "object", "required": ["text"],
            "properties": {
              "text": {
                "type": "string", "minLength": 1, "maxLength": 2000,
                "pattern": "^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$"
              }
            },
            "additionalProperties": false
          },
          "Message": {
            "type": "object", "required": ["number", "by", "side", "text", "at"],
            "properties": {
              "number": { "type": "integer", "minimum": 1, "description": "1, 2, 3, … for each request." },
              "by": { "$ref": "#/components/schemas/PersonRef" },
              "side": { "type": "string", "enum": ["provider", "customer"] }, "text": { "type": "string" },
              "at": { "$ref": "#/components/schemas/Instant" }
            }
          },
          "MessageList": {
            "type": "object", "required": ["items", "next"],
            "properties": {
              "items": { "type": "array", "items": { "$ref": "#/components/schemas/Message" } },
              "next": { "type": "null", "description": "The thread comes whole." }
            }
          },
          "LetterSettings": {
            "type": "object", "required": ["muted"],
            "properties": {
              "muted": {
                "type": "array",
                "items": { "type": "string", "enum": ["reminders", "accessBegan", "accessReports"] },
                "maxItems": 3, "uniqueItems": true, "description": "The letters that are switched off."
              }
            },
            "additionalProperties": false
          }
    """#
