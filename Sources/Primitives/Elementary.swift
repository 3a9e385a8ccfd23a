/// The few elementary functions the core needs, from additions and multiplications alone: system libraries differ in
/// the last bit between processors, and a choice that depends on such a bit cannot be replayed elsewhere.
public enum Elementary {
    /// e to the power of x, for |x| ≤ 700; relative error below 1e-12.
    public static func exp(_ x: Double) -> Double {
        let halvings = 10
        let reduced = x / Double(1 << halvings)
        var term = 1.0
        var sum = 1.0
        for n in 1...20 {
            term *= reduced / Double(n)
            sum += term
        }
        for _ in 0..<halvings { sum *= sum }
        return sum
    }

    /// The natural logarithm, for finite x > 0; absolute error below 1e-12.
    public static func log(_ x: Double) -> Double {
        let isLarge = x.significand > 1.4142135623730951
        let significand = isLarge ? x.significand / 2 : x.significand
        let exponent = Double(x.exponent) + (isLarge ? 1 : 0)
        // ln m = 2 artanh((m − 1) / (m + 1)), whose argument is at most 0.172 here.
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        var series = 1 / 17.0
        for divisor in logarithmDivisors { series = series * square + divisor }
        return 2 * ratio * series + exponent * 0.693_147_180_559_945_3
    }

    private static let logarithmDivisors = [1 / 15.0, 1 / 13.0, 1 / 11.0, 1 / 9.0, 1 / 7.0, 1 / 5.0, 1 / 3.0, 1]

    /// Sine of an angle in radians, for |x| ≤ 2π; absolute error below 1e-13.
    public static func sin(_ x: Double) -> Double {
        var angle = x
        if angle > .pi { angle -= 2 * .pi }
        if angle < -.pi { angle += 2 * .pi }
        if angle > .pi / 2 { angle = .pi - angle }
        if angle < -.pi / 2 { angle = -.pi - angle }
        var term = angle
        var sum = angle
        for n in 1...10 {
            term *= -angle * angle / Double((2 * n) * (2 * n + 1))
            sum += term
        }
        return sum
    }

    /// Cosine of an angle in radians, for |x| ≤ 2π.
    public static func cos(_ x: Double) -> Double {
        sin(x > 0 ? .pi / 2 - x : .pi / 2 + x)
    }

    /// Arcsine, for 0 ≤ x ≤ 1, by halving the angle until the series converges fast; absolute error below 1e-12.
    public static func asin(_ x: Double) -> Double {
        // tan of the angle, halved three times: tan(a/2) = t / (1 + sqrt(1 + t²)).
        guard x < 1 else { return .pi / 2 }
        var tangent = x / (1 - x * x).squareRoot()
        for _ in 0..<3 { tangent /= 1 + (1 + tangent * tangent).squareRoot() }
        var power = tangent
        var sum = tangent
        for n in 1...24 {
            power *= -tangent * tangent
            sum += power / Double(2 * n + 1)
        }
        return sum * 8
    }
}
