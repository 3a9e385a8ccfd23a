public import NIOCore
internal import NIOPosix

/// The threads that all sockets of a process share, one for each core.
public enum EventLoops {
    public static var shared: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }
}
