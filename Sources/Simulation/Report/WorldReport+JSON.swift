internal import Primitives

extension WorldReport {
    /// For programs: one object and a line break. Its keys are described in topology/README.md, and stay.
    ///
    /// Durations are in seconds, or where the key says so in milliseconds; sizes in bytes; parts of a whole from 0 to 1.
    /// What was not observed is `null`.
    public var json: String {
        var json = JSONText()
        json.object { json in
            write(world, into: &json)
            json.list("violations", violations) { $0.value($1) }
            write(gossip, into: &json)
            write(pulses, into: &json)
            write(news, into: &json)
            write(liveness, into: &json)
            write(agreement, into: &json)
            write(spending, into: &json)
            write(service, into: &json)
            json.list("coordinates", coordinates) { json, figure in
                json.object { json in
                    json.member("atSeconds", figure.at)
                    json.member("samplesPerNode", figure.samples)
                    json.member("medianRelativeError", figure.error, decimals: 4)
                    json.member("nearestOfThreePenaltyMilliseconds", figure.penalty.inSeconds * 1000)
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    private func write(_ world: World, into json: inout JSONText) {
        json.key("world")
        json.object { json in
            json.member("name", world.name)
            json.member("seed", "\(world.seed)")
            json.member("seconds", world.length)
            json.member("nodes", world.nodes)
            json.member("running", world.running)
            json.member("files", world.files)
            json.member("meanShareBytes", world.share)
            json.member("loss", world.loss, decimals: 4)
        }
    }

    private func write(_ gossip: Gossip, into json: inout JSONText) {
        json.key("overlay")
        json.object { json in
            json.quantiles("sentBytesPerMonth", gossip.sent) { $0.value($1.bytes) }
            json.quantiles("receivedBytesPerMonth", gossip.received) { $0.value($1.bytes) }
            json.member("meanSentBytesPerMonthBy", gossip.sentFor)
            json.member("meanReceivedBytesPerMonthBy", gossip.receivedFor)
            json.member("boundBytesPerMonth", gossip.bound)
            json.member("nodesBeyondBound", gossip.beyondBound)
            json.member("statusesPerNodeAndDay", gossip.statusesPerNodeAndDay)
            json.list("others", gossip.memberlist) { json, rival in
                json.object { json in
                    json.member("name", rival.name)
                    json.member("probeBytesPerMonth", rival.probes)
                    json.member("tableBytesPerMonth", rival.tables)
                    json.member("gossipBytesPerMonth", rival.gossip)
                    json.member("bytesPerMonth", rival.total)
                }
            }
        }
    }

    private func write(_ pulses: Pulses, into json: inout JSONText) {
        json.key("pulses")
        json.object { json in
            json.quantiles("intervalSeconds", pulses.interval)
            json.member("meanIntervalSeconds", pulses.meanInterval)
            json.quantiles("bytes", pulses.size) { $0.value($1.bytes) }
            json.member("meanBytes", pulses.meanSize)
        }
    }

    private func write(_ news: News, into json: inout JSONText) {
        json.key("news")
        json.object { json in
            json.quantiles("statusAgeSeconds", news.age)
            json.member("statuses", news.statuses)
            json.member("pairsMissing", news.missing)
            json.member("patienceSeconds", news.patience)
            json.quantiles("exhaustedTo99PercentSeconds", news.exhausted)
            json.quantiles("refilledTo99PercentSeconds", news.refilled)
            json.quantiles("thirdVerdictTo99PercentSeconds", news.deaths)
            json.member("urgentNeverTo99Percent", news.unspread)
            json.member("unfollowed", news.unfollowed)
        }
    }

    private func write(_ liveness: Liveness, into json: inout JSONText) {
        json.key("liveness")
        json.object { json in
            json.member("stopped", liveness.stopped)
            json.quantiles("firstVerdictSeconds", liveness.firstVerdict)
            json.quantiles("thirdVerdictSeconds", liveness.lastVerdict)
            json.quantiles("knownTo99PercentSeconds", liveness.known)
            json.member("falseDeaths", liveness.falseDeaths)
            json.member("falseDeathsPerNodeAndDay", liveness.falseDeathsPerNodeAndDay, decimals: 6)
            json.member("wrongSuspicions", liveness.wrongSuspicions)
            json.member("wrongSuspicionsPerNodeAndDay", liveness.wrongSuspicionsPerNodeAndDay, decimals: 6)
            json.quantiles("wrongSuspicionSeconds", liveness.wrongSpell)
            json.quantiles("deadHolderPassedOverSeconds", liveness.passedOver)
            json.member("wrongPassOvers", liveness.wrongPasses)
            json.quantiles("wrongPassOverSeconds", liveness.wrongPassSpell)
            json.member("wrongPassOverShare", liveness.wrongPassShare, decimals: 6)
        }
    }

    private func write(_ agreement: Agreement, into json: inout JSONText) {
        json.key("agreement")
        json.object { json in
            json.member("isCompleteAtEnd", agreement.isComplete)
            json.list("recoveries", agreement.recoveries) { json, recovery in
                json.object { json in
                    json.member("atSeconds", recovery.at)
                    json.member("tookSeconds", recovery.took)
                }
            }
            json.list("samples", agreement.samples) { json, sample in
                json.object { json in
                    json.member("atSeconds", sample.at)
                    json.member("nodes", sample.nodes, decimals: 4)
                    json.member("entries", sample.entries, decimals: 6)
                }
            }
        }
    }

    private func write(_ spending: Spending, into json: inout JSONText) {
        json.key("allowance")
        json.object { json in
            json.member("servingBytes", spending.serving)
            json.member("replicationBytes", spending.replication)
            json.member("overlayBytes", spending.overlay)
            json.member("answersBytes", spending.answers)
            json.member("mostSpent", spending.most, decimals: 6)
            json.list("samples", spending.samples) { json, sample in
                json.object { json in
                    json.member("atSeconds", sample.at)
                    json.member("p10", sample.p10, decimals: 6)
                    json.member("p50", sample.p50, decimals: 6)
                    json.member("p90", sample.p90, decimals: 6)
                    json.member("max", sample.max, decimals: 6)
                }
            }
        }
    }

    private func write(_ service: Service, into json: inout JSONText) {
        json.key("service")
        json.object { json in
            json.member("requests", service.requests)
            json.member("served", service.served)
            json.member("redirects", service.redirects)
            json.list("refused", service.refused) { json, refusal in
                json.object { json in
                    json.member("reason", refusal.reason)
                    json.member("count", refusal.count)
                }
            }
            json.member("wantedBytes", service.wanted)
            json.member("sentBytes", service.sent)
            json.member("optimumBytes", service.optimum)
            json.member("shareOfOptimum", service.shareOfOptimum, decimals: 6)
            json.quantiles("roundTripMilliseconds", service.roundTrip, unit: 1000)
            json.member("meanRoundTripMilliseconds", service.meanRoundTrip.map { $0.inSeconds * 1000 })
            json.quantiles("nearestRoundTripMilliseconds", service.nearest, unit: 1000)
            json.member("meanNearestRoundTripMilliseconds", service.meanNearest.map { $0.inSeconds * 1000 })
            json.member("replicas", service.replicas)
            json.member("originCopies", service.originCopies)
            json.member("originCopiesPerReplica", service.originPerReplica)
            json.member("copiesSentPerReplica", service.sentPerReplica)
            json.list("hours", service.hours) { json, hour in
                json.object { json in
                    json.member("atSeconds", hour.at)
                    json.member("served", hour.served)
                    json.member("refused", hour.refused)
                }
            }
        }
    }
}

extension JSONText {
    fileprivate mutating func member(_ key: StaticString, _ text: String) {
        self.key(key)
        value(text)
    }

    fileprivate mutating func member(_ key: StaticString, _ truth: Bool) {
        self.key(key)
        value(truth)
    }

    fileprivate mutating func member(_ key: StaticString, _ count: Int) {
        self.key(key)
        value(Int64(count))
    }

    fileprivate mutating func member(_ key: StaticString, _ size: ByteCount?) {
        self.key(key)
        if let size { value(size.bytes) } else { null() }
    }

    fileprivate mutating func member(_ key: StaticString, _ number: Double?, decimals: Int = 3) {
        self.key(key)
        if let number { value(number, decimals: decimals) } else { null() }
    }

    fileprivate mutating func member(_ key: StaticString, _ duration: Duration?) {
        member(key, duration.map(\.inSeconds))
    }

    fileprivate mutating func member(_ key: StaticString, _ uses: WorldReport.Uses) {
        self.key(key)
        object { json in
            json.member("pulses", uses.pulses)
            json.member("news", uses.news)
            json.member("probes", uses.probes)
            json.member("http", uses.http)
        }
    }

    fileprivate mutating func list<Element>(
        _ key: StaticString, _ elements: [Element], _ write: (inout JSONText, Element) -> Void
    ) {
        self.key(key)
        array { json in
            for element in elements { write(&json, element) }
        }
    }

    fileprivate mutating func quantiles<Value>(
        _ key: StaticString, _ quantiles: Quantiles<Value>?, _ write: (inout JSONText, Value) -> Void
    ) {
        self.key(key)
        guard let quantiles else { return null() }
        object { json in
            json.member("count", quantiles.count)
            json.key("p50")
            write(&json, quantiles.p50)
            json.key("p90")
            write(&json, quantiles.p90)
            json.key("p99")
            write(&json, quantiles.p99)
            json.key("max")
            write(&json, quantiles.max)
        }
    }

    /// In seconds, or in so many parts of one.
    fileprivate mutating func quantiles(
        _ key: StaticString, _ durations: Quantiles<Duration>?, unit: Double = 1
    ) {
        quantiles(key, durations) { $0.value($1.inSeconds * unit) }
    }
}
