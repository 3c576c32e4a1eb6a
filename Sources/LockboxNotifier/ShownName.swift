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
    return String(scalars).replacing("://", with: ": //")
}
