internal import Primitives

extension TopologyReader {
    private static let linkKeys = ["latency", "jitter", "loss", "duplication", "reordering", "capacity"]

    mutating func readLinks(_ written: Written) throws(TopologyError) {
        let entries = try written.entries(among: Self.linkKeys)
        var links = Topology.Links()
        if let latency = entries["latency"] { links.delay = try delay(latency) }
        links.jitter = try entries.read("jitter", TopologyText.duration) ?? links.jitter
        links.loss = try entries.read("loss", TopologyText.part) ?? links.loss
        links.duplication = try entries.read("duplication", TopologyText.part) ?? links.duplication
        links.reordering = try entries.read("reordering", TopologyText.part) ?? links.reordering
        links.capacity = try entries.read("capacity", TopologyText.rate)
        topology.links = links
    }

    private func delay(_ written: Written) throws(TopologyError) -> Topology.Delay {
        if written.isMapping {
            let entries = try written.entries(among: ["matrix"])
            return .matrix(try matrix(try entries.required("matrix", example: "delays.tsv")))
        }
        return try written.read(TopologyText.delay)
    }

    private func matrix(_ written: Written) throws(TopologyError) -> Matrix {
        let path = try written.words(limit: 4096)
        let folder = file.lastIndex(of: "/").map { file[...$0] } ?? ""
        let whole = path.hasPrefix("/") ? path : folder + path
        guard let text = read(whole) else {
            throw written.complaint("“\(whole.printable)” cannot be read; write the path of a matrix from this file on")
        }
        return try Matrix(text: text, file: whole)
    }
}
