public import NIOCore
internal import NIOPosix

/// The threads that all sockets of a process share, one for each core.
public enum EventLoops {
    public static var shared: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }
}

/// What the system says about a socket.
public enum SocketError {
    /// The system's number for why a socket could not be had; nothing for other errors.
    public static func number(of error: any Error) -> Int32? { (error as? IOError)?.errnoCode }
}
