/// A person's or company's name as a letter shows it: on one line, of bounded length, and no web
/// address that a mail program would make a link of.
func shownName(_ name: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in name.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
        case _: scalars.append(scalar)
        }
    }
    if scalars.count > NotifierLimits.shownNameLength {
        scalars =
            String.UnicodeScalarView(scalars.prefix(NotifierLimits.shownNameLength - 1))
            + "…".unicodeScalars
    }
    return withoutLinks(String(scalars))
}

/// `text` so that no mail program makes a link of it: what has the form of an address or a host's
/// name gets a break of no width where the form is.
func withoutLinks(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.replacing("://", with: ": //").unicodeScalars {
        if scalars.last == ".", scalar.properties.isAlphabetic { scalars.append("\u{200B}") }
        scalars.append(scalar)
    }
    return String(scalars)
}
