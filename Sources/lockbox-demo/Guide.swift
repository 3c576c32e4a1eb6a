import Foundation

/// What the demo says before and after the story.
struct Guide {
    let world: World
    let keys: [Participant: Keys]
    let terminal: Terminal

    private var data: String { world.folder.shown }

    func introduce() throws {
        try terminal.say(
            """
            Lockbox is at \(world.url); Dovecot for Contoso at 127.0.0.1:\(world.mail.ownPort), \
            for engineers at 127.0.0.1:\(world.mail.supportPort).

            At Example Cloud: Eve, an engineer, and Mark, a manager.
            At Contoso: Sue and Sam, members; Adam, who may approve access; Gita, the admin.
            """
        )
    }

    func conclude(steps: Int) throws {
        let letters = try world.letters.all().count
        try terminal.say(
            """

            All \(steps) steps were as expected. To look at yourself:
              \(data)/letters/new     the \(letters) letters that were sent, one a file
              \(data)/audit           the exported log with its signed head, and the forged copy
              \(data)/lockbox.yaml    the server's configuration; people and services are in directory.yaml
              \(data)/servers         the Maildirs, both Dovecots' configuration, and PostgreSQL's data
            """
        )
    }

    func conclude(badStep number: Int) throws {
        try terminal.say(
            """

            Step \(number) was not as expected, so the story ends here. What the programs said is in \(data)/logs.
            """
        )
    }

    /// For exploring by hand, while the server goes on.
    func invite() throws {
        let program = (CommandLine.arguments.first ?? "").replacing(
            /lockbox-demo$/,
            with: "lockbox"
        )
        let isBuilt = FileManager.default.isExecutableFile(atPath: program)
        let lockbox = isBuilt ? program : ".build/debug/lockbox"
        let column = Participant.all.map(\.introduction.count).max() ?? 0
        let addresses = Participant.all.map(\.email.count).max() ?? 0
        var (people, tokens) = ("", "")
        for person in Participant.all {
            guard let keys = keys[person] else { continue }
            let introduction = person.introduction.padding(
                toLength: column,
                withPad: " ",
                startingAt: 0
            )
            let address = person.email.padding(toLength: addresses, withPad: " ", startingAt: 0)
            people += "\n  \(introduction)   \(address)   \(keys.password)"
            tokens += "\n  export LOCKBOX_TOKEN=\(keys.token)   # \(person.name)"
        }
        try terminal.say(
            """

            The server goes on. Open the portal in a browser, with a private window for each person you want to be:

              \(world.url)

            \(people.dropFirst())

            To play the story again: Sue opens a support request; Eve asks for access to Sue's mailbox; Mark, then Adam,
            say yes; Eve gets a credential; Adam stops her under "Live access".

            The same on the command line\(isBuilt ? "" : " (swift build --product lockbox makes it)"), as one of them:

              export LOCKBOX_URL=\(world.url)
            \(tokens.dropFirst())

              \(lockbox) request list
              \(lockbox) audit verify --export \(data)/audit/contoso.jsonl
              curl -H "Authorization: Bearer $LOCKBOX_TOKEN" $LOCKBOX_URL/v1/requests

            Mail programs (IMAP, no encryption): Sue and Sam at 127.0.0.1:\(world.mail.ownPort), with these passwords;
            Eve at 127.0.0.1:\(world.mail.supportPort), with a credential (XOAUTH2), while access lasts. Her credential page
            says how she gets into the database and the web application.

            Ctrl-C ends the server and everything that was started with it.
            """
        )
    }
}
