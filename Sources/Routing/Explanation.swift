import Primitives

extension Candidate: CustomStringConvertible {
    /// `"878 km, 18 ms predicted, 12 % spent (weight 0.585), load 0: score 0.572"`
    public var description: String {
        let distance = kilometres.map { "\(Int($0.rounded())) km" } ?? "distance unknown"
        let prediction = roundTrip.map { ", \(($0.wholeNanoseconds + 500_000) / 1_000_000) ms predicted" } ?? ""
        let percent = Int((spent * 100).rounded())
        return distance + prediction
            + ", \(percent) % spent (weight \(Self.thousandths(weight))), load \(node.load): "
            + "score \(Self.thousandths(score))"
    }

    private static func thousandths(_ number: Double) -> String {
        let whole = Int((number * 1000).rounded())
        return "\(whole / 1000).\(String(1000 + whole % 1000).dropFirst())"
    }
}

extension Exclusion.Reason: CustomStringConvertible {
    /// One sentence without its subject: `"is dead"`.
    public var description: String {
        switch self {
        case .notMember: "is not a member that this node knows"
        case .dead: "does not answer any more"
        case .passedOver: "does not answer just now, and is asked again until it does"
        case .notVouched: "is not among those whom the publisher lets serve this file"
        case .incomplete: "does not have all the bytes asked for yet"
        case .unproven: "has not shown yet that it is reached at the address it names"
        case .cannotAfford(let remaining): "cannot afford it: \(remaining) of its allowance are left"
        case .alreadyTried: "was tried for this request before"
        case .wrongFamily: "cannot be reached over the client's kind of address (IPv4 or IPv6)"
        case .redirectedEnough: "would be a third redirect for this request"
        }
    }
}

extension Absence: CustomStringConvertible {
    /// One sentence for a person.
    public var description: String {
        switch self {
        case .withdrawn: "This file was withdrawn by who published it."
        case .expired: "The time for which this file was published is over."
        case .denied: "This node does not serve this file."
        }
    }
}

extension Shortage: CustomStringConvertible {
    /// One sentence for a person.
    public var description: String {
        switch self {
        case .exhausted: "Every holder of this file has spent its allowance for this period."
        case .filling: "The nodes that hold this file are still receiving it."
        case .unproven: "No holder of this file has shown yet that it is reached at the address it names."
        case .unreachable: "No holder of this file can be reached now."
        }
    }
}
