import Hummingbird

/// The part of a question after its `?`, decoded, each name once.
struct QueryParameters {
    private var values: [String: String] = [:]

    /// More than any question has.
    private static let limit = 16

    init(_ request: Request) throws(OperatorError) {
        for field in (request.uri.query ?? "").split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(parts[0]),
                let value = PercentEncoding.decode(parts.count == 2 ? parts[1] : ""),
                values[name] == nil, values.count < Self.limit
            else { throw OperatorError(.unusable, "The question's parameters cannot be read.") }
            values[name] = value
        }
    }

    func text(_ name: String) throws(OperatorError) -> String {
        guard let value = values[name] else { throw OperatorError(.unusable, "The question lacks “\(name)”.") }
        return value
    }

    func optionalText(_ name: String) -> String? { values[name] }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(OperatorError) -> Int {
        guard let value = Int(try text(name)), range.contains(value) else {
            throw OperatorError(
                .unusable, "“\(name)” is a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func optionalInteger(_ name: String, in range: ClosedRange<Int>) throws(OperatorError) -> Int? {
        values[name] == nil ? nil : try integer(name, in: range)
    }
}
