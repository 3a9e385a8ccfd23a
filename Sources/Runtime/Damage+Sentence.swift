import Storage

extension Damage {
    /// What was lost, and what to do; nothing where nothing was.
    func sentence(path: String) -> String? {
        guard !isNone else { return nil }
        let parts = [
            part(holdings.count, "record of a file", "records of files"),
            part(progress.count, "file to be read again", "files to be read again"),
            part(news, "statement of a member", "statements of members"),
            part(certificates, "certificate", "certificates"), part(invites, "invite", "invites"),
            part(withdrawals, "withdrawal", "withdrawals"), part(denials, "denial", "denials"),
            part(others, "note of its own", "notes of its own"),
        ]
        return "\(path) was damaged, and this is set aside: \(parts.compactMap(\.self).joined(separator: ", ")); "
            + "check the disk, and post, invite or deny again what is missing."
    }

    private func part(_ count: Int, _ one: String, _ many: String) -> String? {
        count == 0 ? nil : "\(count) \(count == 1 ? one : many)"
    }
}
