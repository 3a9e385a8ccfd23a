import Membership
import Overlay
import Primitives
import Testing

@testable import Runtime

@Suite struct FindingsTests {
    private let four = Endpoint(address: .v4(0x0909_0909), port: 8080)
    private let six = Endpoint(address: .v6(high: 0x2A00_0000_0000_0000, low: 1), port: 9000)

    private func card() -> Card {
        Card(
            nodeID: NodeID(.zero), agreementKey: .zero, network: NodeID(.zero), version: 1, name: "own",
            endpoints: [four, six], url: "http://9.9.9.9:8080", place: nil, share: .gigabytes(1), certificate: nil)
    }

    private func sighting(
        url: String = "http://9.9.9.9:8080", isPrivate: Bool = false, interfaces: [IPAddress] = []
    ) -> Sighting {
        Sighting(
            url: url, endpoints: [four, six], listen: Endpoint(address: .v4(0), port: 8080), isPrivate: isPrivate,
            interfaces: interfaces)
    }

    private func report(
        _ url: Reached.Outcome, _ first: Reached.Outcome, _ second: Reached.Outcome
    ) -> Reached {
        Reached(url: url, endpoints: [Reached.Door(four, first), Reached.Door(six, second)])
    }

    @Test func oneThatComesThroughOutweighsTheOthers() {
        let findings = Findings(
            [report(.silent, .answered, .silent), report(.answered, .silent, .untried)], about: card())
        #expect(findings.url == .answered)
        #expect(findings.endpoints == [Reached.Door(four, .answered), Reached.Door(six, .silent)])
        #expect(findings.isBlocked && findings.closed == six)
        #expect(findings.complaint(about: sighting(), seenAs: nil) == nil)
        #expect(
            findings.complaintAboutDatagrams(to: sighting(), seenAs: nil)
                == "UDP port 9000 cannot be reached from outside (nobody answers at [2a00::1]:9000); open it in your firewall or "
                + "router, and lead it to port 8080 of this machine, or say with --advertise where datagrams reach this node."
        )
    }

    @Test func whatNobodyTriedSaysNothing() {
        let findings = Findings([report(.untried, .untried, .untried)], about: card())
        #expect(findings.url == nil && findings.endpoints == [] && !findings.isBlocked)
        let strange = Reached(url: .untried, endpoints: [Reached.Door(Endpoint(address: .v4(1), port: 1), .silent)])
        #expect(!Findings([strange], about: card()).isBlocked)
    }

    @Test func whatIsInTheWayOfTheURLIsNamedWithItsPort() {
        let silent = Findings([report(.silent, .answered, .answered)], about: card())
        let seen = IPAddress("8.8.8.8")
        #expect(
            silent.complaint(about: sighting(), seenAs: seen)
                == "TCP port 8080 cannot be reached from outside (nobody answers at http://9.9.9.9:8080, and this node was seen "
                + "at 8.8.8.8); open it in your firewall or router, or say with --url where others reach this node.")
        #expect(
            Findings([report(.someoneElse, .answered, .answered)], about: card())
                .complaint(about: sighting(url: "https://pot.example"), seenAs: seen)
                == "TCP port 443 leads others to somebody else (at https://pot.example); lead it to this node in your router or "
                + "proxy, or say with --url where they reach it.")
    }

    @Test func whereOthersSeeTheNodeIsToldWhenItSaysAnotherAddress() {
        let own = sighting()
        #expect(
            own.advice(on: IPAddress("8.8.8.8"))
                == "Others see this node at 8.8.8.8, but it says that it is reached at 9.9.9.9; unless it is, start it with --url "
                + "http://8.8.8.8:8080.")
        for same in ["9.9.9.9", "192.168.1.1", "2a00::1"] { #expect(own.advice(on: IPAddress(same)) == nil) }
        #expect(own.advice(on: nil) == nil)
        // Another address of the same machine, and one of a family that it does not name.
        #expect(sighting(interfaces: [.v4(0x0808_0808)]).advice(on: IPAddress("8.8.8.8")) == nil)
        let onlyFour = Sighting(
            url: "http://pot.example:8080", endpoints: [four], listen: four, isPrivate: false, interfaces: [])
        #expect(onlyFour.advice(on: IPAddress("2a00::5")) == nil)
        #expect(onlyFour.unusable == nil && onlyFour.addresses == [four])
    }

    @Test func aPrivateAddressIsNoUseUnlessTheSettingsAllowIt() {
        let inside = Endpoint(address: .v4(0xC0A8_0105), port: 8080)
        func own(_ isPrivate: Bool) -> Sighting {
            Sighting(
                url: "http://192.168.1.5:80", endpoints: [inside], listen: inside, isPrivate: isPrivate, interfaces: [])
        }
        #expect(own(false).unusable == inside.address && own(true).unusable == nil)
        #expect(own(true).addresses == [inside, Endpoint(address: inside.address, port: 80)])
        #expect(own(true).advice(on: IPAddress("192.168.1.9")) != nil)
        #expect(own(false).advice(on: IPAddress("192.168.1.9")) == nil)
    }
}
