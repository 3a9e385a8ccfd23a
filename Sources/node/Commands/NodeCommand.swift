import ArgumentParser
import Console

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Potluck: publishers share the bandwidth they have to spare.",
        discussion: """
            Most servers have a monthly transfer allowance that goes unused, except in the week when a file of theirs \
            becomes popular. Nodes of a Potluck network lend each other that allowance: you post a large file at your \
            node, other nodes pick up copies, and anyone with a plain browser who opens the link is sent to the nearest \
            node that has the file and can still afford to send it. No node ever sends more than its owner allows.

            To start a network of your own, and let a friend join:
              node init --allowance 10GB/month
              node run
              node invite                    prints a string; send it to your friend, who runs
              node join <invite>

            To share a file, from the machine where your node runs:
              node post holiday.mp4          prints the link to give away
              node list                      shows the files known here
              node status                    shows this node

            To fetch one with every piece verified, from several nodes at once:
              node get <link>

            A node keeps everything it has in one directory, ~/.local/share/potluck unless --data or the variable \
            NODE_DATA says otherwise. Commands that read take --json. `node help <command>` explains a command.
            """,
        version: Software.version,
        groupedSubcommands: [
            CommandGroup(
                name: "RUNNING A NODE", subcommands: [Init.self, Run.self, Join.self, Invite.self, Leave.self]),
            CommandGroup(
                name: "SHARING FILES", subcommands: [Post.self, Unpost.self, List.self, Show.self, Get.self, Deny.self]),
            CommandGroup(
                name: "LOOKING AROUND", subcommands: [Status.self, Peers.self, AllowanceCommand.self, Why.self]),
            CommandGroup(name: "TRYING OUT", subcommands: [Simulate.self]),
        ])
}
