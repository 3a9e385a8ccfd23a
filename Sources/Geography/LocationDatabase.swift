import CMaxMindDB
import Foundation
import Primitives

/// A MaxMind DB file (`*.mmdb`), as MaxMind, DB-IP, IPinfo and others publish them, read through libmaxminddb.
///
/// `@unchecked Sendable`: what the pointer leads to is written by `init` and `deinit` only; in between libmaxminddb
/// reads it and what it has mapped, and documents that one handle may be used from several threads.
final class LocationDatabase: @unchecked Sendable {
    private let handle: UnsafeMutablePointer<MMDB_s>
    let path: String

    init(path: String) throws(GeographyError) {
        let handle = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        handle.initialize(to: MMDB_s())
        let status = MMDB_open(path, UInt32(MMDB_MODE_MMAP), handle)
        guard status == MMDB_SUCCESS else {
            // A failed open has closed itself; `deinit` does not run for what is not whole yet.
            handle.deallocate()
            throw GeographyError(
                "The location database \(path) cannot be opened (\(String(cString: MMDB_strerror(status)))): check the "
                    + "file and who may read it, or choose another with --geo.")
        }
        self.path = path
        self.handle = handle
    }

    deinit {
        MMDB_close(handle)
        handle.deallocate()
    }

    /// What the database says it is: `"GeoLite2-City"`.
    var kind: String { handle.pointee.metadata.database_type.map { String(cString: $0) } ?? "" }

    /// How well a database of this kind places an address: by city, by country, not at all (networks, providers).
    var precision: Precision {
        let kind = kind.lowercased()
        if ["city", "location", "enterprise", "precision"].contains(where: kind.contains) { return .city }
        if kind.contains("country") { return .country }
        return ["asn", "isp", "domain", "connection", "anonymous"].contains(where: kind.contains) ? .none : .country
    }

    enum Precision: Comparable { case none, country, city }

    /// The coordinates the database gives, else those of the country.
    func place(of address: IPAddress) -> Place? {
        guard var entry = entry(of: address) else { return nil }
        if let latitude = number(at: ["location", "latitude"], in: &entry),
            let longitude = number(at: ["location", "longitude"], in: &entry)
        {
            return Place(latitude: latitude, longitude: longitude)
        }
        return country(in: &entry).flatMap { Country.place(of: $0) }
    }

    func country(of address: IPAddress) -> String? {
        guard var entry = entry(of: address) else { return nil }
        return country(in: &entry)
    }

    /// Where publishers keep the code: MaxMind and DB-IP, the registry's where only that is known, IPinfo, others.
    private func country(in entry: inout MMDB_entry_s) -> String? {
        let code =
            text(at: ["country", "iso_code"], in: &entry) ?? text(at: ["registered_country", "iso_code"], in: &entry)
            ?? text(at: ["country_code"], in: &entry) ?? text(at: ["country"], in: &entry)
        return code.flatMap { $0.utf8.count == 2 ? $0.uppercased() : nil }
    }

    private func entry(of address: IPAddress) -> MMDB_entry_s? {
        var failure = MMDB_SUCCESS
        let result: MMDB_lookup_result_s
        switch address {
        case .v4(let word):
            var socket = sockaddr_in()
            socket.sin_family = sa_family_t(AF_INET)
            socket.sin_addr.s_addr = word.bigEndian
            result = lookUp(&socket, &failure)
        case .v6(let high, let low):
            var socket = sockaddr_in6()
            socket.sin6_family = sa_family_t(AF_INET6)
            withUnsafeMutableBytes(of: &socket.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            result = lookUp(&socket, &failure)
        }
        return failure == MMDB_SUCCESS && result.found_entry ? result.entry : nil
    }

    private func lookUp<Socket>(_ socket: inout Socket, _ failure: inout Int32) -> MMDB_lookup_result_s {
        withUnsafePointer(to: &socket) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { MMDB_lookup_sockaddr(handle, $0, &failure) }
        }
    }

    private func number(at path: [StaticString], in entry: inout MMDB_entry_s) -> Double? {
        guard let value = value(at: path, in: &entry) else { return nil }
        switch Int32(value.type) {
        case MMDB_DATA_TYPE_DOUBLE: return value.double_value
        case MMDB_DATA_TYPE_FLOAT: return Double(value.float_value)
        default: return nil
        }
    }

    private func text(at path: [StaticString], in entry: inout MMDB_entry_s) -> String? {
        guard let value = value(at: path, in: &entry), Int32(value.type) == MMDB_DATA_TYPE_UTF8_STRING,
            let start = value.utf8_string
        else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(value.data_size))
        return String(decoding: bytes, as: UTF8.self)
    }

    private func value(at path: [StaticString], in entry: inout MMDB_entry_s) -> MMDB_entry_data_s? {
        // Ends with nil, as the function wants it; static strings end with a zero.
        let keys: [UnsafePointer<CChar>?] =
            path.map { UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) } + [nil]
        var value = MMDB_entry_data_s()
        let status = keys.withUnsafeBufferPointer { MMDB_aget_value(&entry, &value, $0.baseAddress) }
        return status == MMDB_SUCCESS && value.has_data ? value : nil
    }
}
