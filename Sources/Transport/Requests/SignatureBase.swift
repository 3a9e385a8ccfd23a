internal import Foundation
internal import RawStructuredFieldValues

/// The text that a signature of RFC 9421 covers: a line for each covered component, and one for the parameters.
struct SignatureBase {
    /// The covered components and the parameters, as they are signed and sent (`@signature-params`).
    let parameters: String
    let bytes: [UInt8]

    /// Nothing when a component is absent from the request, ambiguous, or of a kind not used here.
    init?(_ head: RequestHead, covering input: InnerList) {
        guard let parameters = Self.text(of: input) else { return nil }
        var lines: [String] = []
        var names: Set<String> = []
        for item in input.bareInnerList {
            // Parameters change what a component means (";req", ";sf"): none of them is used between nodes.
            guard case .string(let name) = item.rfc9651BareItem, item.rfc9651Parameters.count == 0,
                names.insert(name).inserted, let value = Self.value(of: name, in: head)
            else { return nil }
            lines.append("\"\(name)\": \(value)")
        }
        lines.append("\"@signature-params\": \(parameters)")
        self.parameters = parameters
        bytes = Array(lines.joined(separator: "\n").utf8)
    }

    /// The names of the covered components, in order.
    static func components(of input: InnerList) -> [String] {
        input.bareInnerList.compactMap { item in
            guard case .string(let name) = item.rfc9651BareItem else { return nil }
            return name
        }
    }

    private static func text(of input: InnerList) -> String? {
        var serializer = StructuredFieldValueSerializer()
        guard let bytes = try? serializer.writeListFieldValue([.innerList(input)]) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func value(of name: String, in head: RequestHead) -> String? {
        switch name {
        case "@method": return head.method
        case "@path": return head.path
        case "@query": return head.query
        case "@authority": return head.fields.value(of: "host")?.lowercased()
        default:
            guard !name.hasPrefix("@"), name == name.lowercased() else { return nil }
            let values = head.fields.values(of: name)
            guard !values.isEmpty else { return nil }
            return values.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: ", ")
        }
    }
}
