/// Texts that try what a page can take.
package enum Texts {
    /// Must come out as it went in, letter by letter, wherever it is shown.
    package static let hostile =
        #"<script>alert("x")</script><img src=x onerror='alert(1)'> &amp; {{name}} </textarea>"#
    package static let hostileName = #"Eve <b>"Admin"</b> O'Park & Söhne"#
    package static let rightToLeft = "لا يصل البريد إلى صندوقي منذ هذا الصباح، وأحتاج إلى المساعدة"
    package static let rightToLeftName = "ليلى حداد"
    package static let longWord = String(repeating: "Donaudampfschifffahrtsgesellschaft", count: 5)

    /// `count` letters of words, the first of them long.
    package static func long(_ count: Int) -> String {
        let words =
            "\(longWord) the queue holds back every letter whose sender has no reverse name; "
        var text = ""
        while text.count < count { text += words }
        return String(text.prefix(count - 1)) + "."
    }
}
