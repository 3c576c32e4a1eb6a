/// The shape of every letter. What a letter says is `LetterContent`'s affair.
enum LetterTemplates {
    static let text = """
        {{% CONTENT_TYPE:TEXT}}
        {{heading}}

        {{lead}}

        {{#rows}}
        {{#single}}
        {{label}}: {{single}}
        {{/single}}
        {{^single}}
        {{label}}:
        {{#several}}
          - {{.}}
        {{/several}}
        {{/single}}
        {{/rows}}

        {{#link}}
        {{link}}

        {{/link}}
        {{#advice}}
        {{.}}

        {{/advice}}
        --\u{20}
        {{why}} {{caution}}
        {{^empty(help)}}
        Help: {{help}}
        {{/empty(help)}}

        """

    /// No colours of text or ground are set, so that a reader's dark mode needs no rule of ours.
    /// Nothing is loaded from anywhere, and the only link is that of an invitation.
    static let html = """
        {{% CONTENT_TYPE:SCALAR_HTML}}
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="supported-color-schemes" content="light dark">
        <title>{{subject}}</title>
        </head>
        <body style="margin:0; padding:16px; font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
        <div style="max-width:36em; margin:0 auto; border-top:4px solid {{colour}}; padding-top:12px">
        {{#provider}}
        <p style="margin:0 0 12px; padding-left:8px; border-left:6px solid {{place}}; font-weight:600">{{provider}}</p>
        {{/provider}}
        <h1 style="font-size:22px; line-height:1.25; margin:0 0 12px">{{heading}}</h1>
        <p style="margin:0 0 16px">{{lead}}</p>
        <table style="border-collapse:collapse; width:100%; margin:0 0 16px">
        {{#rows}}
        <tr><th scope="row" style="{{{cell}}}; width:30%; font-weight:normal; opacity:.75">{{label}}</th>\
        <td style="{{{cell}}}; font-weight:600; word-break:break-word">\
        {{#several}}<div>{{.}}</div>{{/several}}</td></tr>
        {{/rows}}
        </table>
        {{#link}}
        <p style="margin:0 0 16px; word-break:break-all"><a href="{{link}}">{{link}}</a></p>
        {{/link}}
        {{#advice}}
        <p style="margin:0 0 12px">{{.}}</p>
        {{/advice}}
        <p style="margin:20px 0 0; font-size:13px; opacity:.75">{{why}} {{caution}}\
        {{^empty(help)}}<br>Help: {{help}}{{/empty(help)}}</p>
        </div>
        </body>
        </html>

        """

    static let cell =
        "text-align:left; vertical-align:top; padding:6px 12px 6px 0; border-bottom:1px solid #80808040"

    static let caution =
        "No e-mail of Lockbox decides anything, holds a link that does, or asks for your password."
}
