import Glibc
import Primitives
import Transport

/// What is said when the public door cannot be opened, or takes no connections.
enum DoorTrouble {
    /// What keeps a socket from being opened is mostly another program, or a port that takes a privilege.
    static func closed(_ endpoint: Endpoint, _ error: any Error) -> String {
        switch SocketError.number(of: error) {
        case EADDRINUSE:
            "Another program listens on \(endpoint) already; stop it, or choose another port with --listen."
        case EACCES, EPERM:
            "Ports below 1024 are for administrators; choose another than \(endpoint) with --listen."
        case EADDRNOTAVAIL:
            "This machine does not have the address \(endpoint.address); choose one of its own with --listen, or 0.0.0.0 "
                + "for all of them."
        case let number? where isShortage(number):
            shortage(number)
        default:
            "\(endpoint) cannot be listened on (\(error)); choose another address with --listen."
        }
    }

    /// What ran out when a connection could not be taken, by the system's error number.
    /// - Parameter descriptors: how many this process may have.
    static func shortage(_ number: Int32, descriptors: Int = Node.descriptorLimit) -> String {
        switch number {
        case EMFILE:
            "The node may open no more than \(descriptors) files and connections at once, and all are in use; allow it more "
                + "(ulimit -n, LimitNOFILE=)."
        case ENFILE:
            "The programs of this machine have as many files open as they may together; end one that holds many, or allow "
                + "more (sysctl fs.file-max)."
        default:
            "This machine has no memory left for another connection; end a program that takes much, or give it more."
        }
    }

    private static func isShortage(_ number: Int32) -> Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(number)
    }
}
