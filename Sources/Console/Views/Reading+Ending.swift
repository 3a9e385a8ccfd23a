import Catalogue
import Membership
import Overlay
import Primitives

// What is offered no more: by whom posted it, by this node's operator, or because the node leaves.

extension Reading {
    /// A file, closely.
    func known(_ file: FileID) throws(OperatorError) -> FileDetailView {
        if let view = self.file(file) { return view }
        throw absence(of: file)
    }

    /// Why there is nothing to tell of a file.
    private func absence(of file: FileID) -> OperatorError {
        switch overlay.curator.ending(of: file) {
        case .withdrawn: OperatorError(.gone, "This file was withdrawn by who posted it; nobody offers it any more.")
        case .expired:
            OperatorError(.gone, "The time for which this file was posted is over; nobody offers it any more.")
        case .denied:
            OperatorError(.gone, "This file is denied here; `node deny --undo \(file)` makes this node take it again.")
        case nil where overlay.curator.isWithdrawn(file):
            OperatorError(
                .gone, "This file was withdrawn by who posted it; nobody is known here who offers it still.")
        case nil: OperatorError(.unknown, "This node knows no file \(file); `node list` shows those it knows.")
        }
    }

    // MARK: Withdrawing

    /// What withdrawing a file will come to.
    func withdrawal(of file: FileID) throws(OperatorError) -> WithdrawnView {
        guard let detail = self.file(file) else {
            guard overlay.curator.isWithdrawn(file) else { throw absence(of: file) }
            throw OperatorError(.gone, "This file is withdrawn already; nobody offers it any more.")
        }
        guard overlay.curator.isPosted(here: file) else {
            throw OperatorError(
                .conflict,
                "“\(FileName.printable(detail.file.name))” was not posted here but at "
                    + "\(name(of: detail.file.publisher).shown), where it can be withdrawn; `node deny` keeps it away from this "
                    + "node.")
        }
        return WithdrawnView(id: file, name: detail.file.name, holders: detail.holders.count { !$0.isThisNode })
    }

    // MARK: Denying

    func denials() -> [DenialView] { overlay.curator.denials.map(view) }

    func view(_ denial: Denial) -> DenialView {
        switch denial {
        case .file(let file):
            DenialView(kind: .file, id: file.description, name: overlay.curator.route(of: file)?.posting.name)
        case .publisher(let node): DenialView(kind: .publisher, id: node.description, name: name(of: node).name)
        }
    }

    /// What a person means who wants something kept away from this node.
    func denial(of text: String) throws(OperatorError) -> Denial {
        let denial = try meant(by: text)
        guard !overlay.curator.denials.contains(denial) else {
            throw OperatorError(.conflict, "That is denied already; `node deny --list` shows all that is.")
        }
        switch denial {
        case .publisher(facts.id):
            throw OperatorError(.conflict, "That is this node itself; `node unpost` takes back what it posted.")
        case .file(let file) where overlay.curator.isPosted(here: file):
            throw OperatorError(.conflict, "That file was posted here; `node unpost` takes it back.")
        case .file, .publisher: return denial
        }
    }

    func denial(undoing text: String) throws(OperatorError) -> Denial {
        let denials = overlay.curator.denials
        if let id = Link.file(in: text), denials.contains(.file(id)) { return .file(id) }
        if let id = NodeID(text), denials.contains(.publisher(id)) { return .publisher(id) }
        if let denial = try? meant(by: text), denials.contains(denial) { return denial }
        throw OperatorError(.unknown, "“\(FileName.excerpt(text))” is not denied; `node deny --list` shows what is.")
    }

    /// A link is a file; 52 characters are a file or a node, whichever is known; less is a node.
    private func meant(by text: String) throws(OperatorError) -> Denial {
        if let link = Link(text) { return .file(link.file) }
        let nodes = [facts.id] + overlay.roster.members.map(\.id)
        if let id = NodeID(text) {
            if nodes.contains(id) || overlay.curator.routes.contains(where: { $0.posting.publisher == id }) {
                return .publisher(id)
            }
            if let file = FileID(text), overlay.curator.route(of: file) != nil { return .file(file) }
            throw OperatorError(
                .unknown,
                "“\(text)” is neither a node nor a file that is known here; give the whole link of a file, or a node that "
                    + "`node peers` shows.")
        }
        let named = nodes.filter { $0.short.description == text || name(of: $0).name == text }
        guard let node = named.first, named.count == 1 else {
            throw OperatorError(
                named.isEmpty ? .unknown : .conflict,
                named.isEmpty
                    ? "“\(FileName.excerpt(text))” is neither a link nor a node; give one that `node list` or `node peers` "
                        + "shows."
                    : "\(named.count) nodes are called “\(FileName.excerpt(text))”; give the ID of one, as `node peers` shows "
                        + "it.")
        }
        return .publisher(node)
    }

    // MARK: Lists

    /// Whom a file is for.
    func audience(named list: String?) throws(OperatorError) -> Audience {
        guard let list else { return .network }
        guard let nodes = facts.lists[list] else {
            let known = facts.lists.keys.sorted().joined(separator: ", ")
            throw OperatorError(
                .unknown,
                "There is no list “\(FileName.excerpt(list))” in node.yaml; "
                    + (known.isEmpty
                        ? "write one under “lists:”, such as “lists: {friends: [<node>, <node>]}”, and start the node again."
                        : "there are \(known)."))
        }
        return .named(nodes)
    }

    // MARK: Leaving

    func leaving() -> LeavingView {
        overlay.curator.handover.map { LeavingView($0) } ?? LeavingView(left: 0, of: 0)
    }

    /// Alone, there is nobody to take leave of.
    func checkCompany() throws(OperatorError) {
        guard facts.network == facts.id, !overlay.roster.members.contains(where: \.isPresent) else { return }
        throw OperatorError(
            .conflict, "This node is alone in a network of its own, which it cannot leave; it may join another at once."
        )
    }
}

extension NodeName {
    /// What it is called, or the beginning of who it is.
    public var shown: String { name.map(FileName.printable) ?? id.short.description }
}
