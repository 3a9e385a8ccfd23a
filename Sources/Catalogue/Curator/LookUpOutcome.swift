/// What came of looking for a file that a client asked for.
public enum LookUpOutcome: Equatable, Sendable {
    /// Routing knows it by now, or knows why it is gone; otherwise whoever should know it said that there is none.
    case settled
    /// Nobody was asked, or nobody who was asked has answered: nothing may be said of the file yet. Asking again pays
    /// after so long.
    case postponed(Duration)
}
