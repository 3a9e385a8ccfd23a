/// Countries by their two-letter codes (ISO 3166-1), each with one place that stands for its people.
public enum Country {
    /// Where the people of a country are in the mean, as far as one place can say; nil for what is no country's code.
    /// The code may be in lower case.
    public static func place(of code: some StringProtocol) -> Place? {
        // ASCII first: there are letters that become two in upper case.
        code.utf8.allSatisfy { $0 < 128 } ? places[code.uppercased()] : nil
    }

    /// Every code that has a place, in alphabetical order.
    public static var codes: [String] { places.keys.sorted() }

    private static let places: [String: Place] = {
        var places: [String: Place] = [:]
        for entry in centroids.split(whereSeparator: { $0 == ";" || $0.isNewline }) {
            let parts = entry.split(separator: " ")
            guard parts.count == 3, let latitude = Double(parts[1]), let longitude = Double(parts[2]),
                let place = Place(latitude: latitude, longitude: longitude)
            else { preconditionFailure("a line of the country table does not read: \(entry)") }
            places[String(parts[0])] = place
        }
        return places
    }()

    /// Code, degrees north, degrees east. For large countries the centre is weighted with where people live, estimated
    /// from the positions and sizes of the large cities; for small ones it is the capital or the middle. `EU` stands in
    /// address tables for what is somewhere in Europe, `AP` in Asia and the Pacific, `UK` for
    /// the United Kingdom; `AN` and `CS` are countries that are no more, with addresses that still are in the tables.
    private static let centroids = """
        AD 42.51 1.54; AE 24.90 55.00; AF 34.60 68.50; AG 17.10 -61.82; AI 18.22 -63.06; AL 41.20 19.90
        AM 40.20 44.60; AO -10.50 14.80; AQ -77.85 166.67; AR -34.00 -60.50; AS -14.30 -170.70; AT 47.90 15.00
        AU -33.20 146.50; AW 12.52 -69.98; AX 60.18 19.95; AZ 40.40 48.80; BA 44.20 17.90; BB 13.13 -59.58
        BD 23.80 90.30; BE 50.85 4.45; BF 12.30 -1.60; BG 42.70 24.60; BH 26.15 50.55; BI -3.30 29.80
        BJ 7.30 2.35; BL 17.90 -62.83; BM 32.30 -64.78; BN 4.90 114.85; BO -17.00 -66.00; BQ 12.18 -68.26
        BR -16.50 -45.50; BS 24.90 -77.50; BT 27.30 90.00; BV -54.42 3.36; BW -23.50 26.30; BY 53.80 28.00
        BZ 17.60 -88.60; CA 46.50 -83.00; CC -12.17 96.83; CD -4.00 22.50; CF 5.50 18.50; CG -4.00 14.50
        CH 47.10 8.00; CI 6.30 -5.00; CK -21.21 -159.78; CL -34.30 -71.20; CM 4.60 11.20; CN 32.70 113.60
        CO 5.50 -74.60; CR 9.93 -84.10; CU 22.30 -80.00; CV 15.10 -23.60; CW 12.15 -68.95; CX -10.45 105.68
        CY 34.95 33.25; CZ 49.80 15.50; DE 50.90 9.80; DJ 11.57 43.10; DK 55.80 11.00; DM 15.40 -61.38
        DO 18.70 -70.20; DZ 36.00 3.30; EC -1.40 -79.30; EE 59.10 25.40; EG 30.00 31.30; EH 26.50 -13.10
        ER 15.30 38.90; ES 40.00 -3.00; ET 9.00 38.90; EU 50.10 8.70; FI 61.50 24.80; FJ -17.90 178.20
        FK -51.70 -57.90; FM 6.92 158.16; FO 62.02 -6.80; FR 47.30 2.50; GA 0.00 10.00; GB 52.60 -1.60
        GD 12.10 -61.70; GE 41.90 43.90; GF 4.90 -52.50; GG 49.45 -2.57; GH 6.50 -1.10; GI 36.14 -5.35
        GL 65.00 -51.50; GM 13.40 -16.40; GN 10.00 -12.00; GP 16.20 -61.50; GQ 2.50 9.50; GR 38.60 23.10
        GS -54.28 -36.51; GT 14.80 -90.70; GU 13.47 144.80; GW 12.00 -15.30; GY 6.70 -58.10; HK 22.35 114.15
        HM -53.10 73.51; HN 14.80 -87.30; HR 45.40 16.20; HT 18.70 -72.40; HU 47.35 19.30; ID -6.30 109.80
        IE 53.20 -7.00; IL 32.00 34.90; IM 54.20 -4.50; IN 22.50 79.80; IO -7.31 72.42; IQ 33.50 44.30
        IR 34.50 51.50; IS 64.20 -21.50; IT 42.90 12.00; JE 49.20 -2.13; JM 18.05 -77.00; JO 32.00 35.95
        JP 35.60 137.60; KE -0.60 36.90; KG 42.00 74.00; KH 11.90 104.90; KI 1.40 173.00; KM -11.80 43.40
        KN 17.33 -62.75; KP 39.30 126.50; KR 36.60 127.50; KW 29.30 47.95; KY 19.30 -81.30; KZ 47.50 71.50
        LA 18.00 102.80; LB 33.90 35.60; LC 13.95 -60.98; LI 47.15 9.53; LK 7.20 80.40; LR 6.50 -10.40
        LS -29.40 27.90; LT 55.10 24.20; LU 49.65 6.13; LV 56.90 24.50; LY 32.50 15.20; MA 33.30 -6.90
        MC 43.74 7.42; MD 47.10 28.70; ME 42.60 19.20; MF 18.07 -63.08; MG -19.00 47.30; MH 7.10 171.30
        MK 41.80 21.50; ML 13.20 -6.80; MM 19.50 96.00; MN 47.80 106.50; MO 22.20 113.55; MP 15.18 145.75
        MQ 14.64 -61.02; MR 18.00 -14.50; MS 16.75 -62.19; MT 35.90 14.47; MU -20.25 57.55; MV 4.17 73.51
        MW -14.00 34.40; MX 21.00 -100.30; MY 3.60 103.00; MZ -19.00 35.50; NA -20.50 17.00; NC -22.20 166.40
        NE 13.60 5.50; NF -29.04 167.95; NG 8.80 6.80; NI 12.30 -86.10; NL 52.10 5.10; NO 60.60 9.50
        NP 27.70 84.50; NR -0.53 166.93; NU -19.05 -169.87; NZ -39.20 174.80; OM 23.40 57.80; PA 8.90 -79.70
        PE -11.20 -76.30; PF -17.60 -149.50; PG -6.20 145.80; PH 13.00 122.00; PK 30.70 71.40; PL 51.90 19.20
        PM 46.78 -56.17; PN -25.07 -130.10; PR 18.35 -66.30; PS 31.75 34.90; PT 39.70 -8.70; PW 7.40 134.50
        PY -25.40 -56.80; QA 25.30 51.45; RE -21.10 55.50; RO 45.50 25.50; RS 44.40 20.70; RU 54.50 47.50
        RW -1.95 30.10; SA 24.00 44.00; SB -9.20 159.80; SC -4.65 55.48; SD 14.30 32.00; SE 58.60 15.60
        SG 1.34 103.83; SH -15.94 -5.70; SI 46.10 14.80; SJ 78.22 15.63; SK 48.70 19.20; SL 8.30 -12.20
        SM 43.94 12.45; SN 14.60 -16.20; SO 4.00 45.00; SR 5.80 -55.20; SS 6.50 30.50; ST 0.25 6.65
        SV 13.70 -89.10; SX 18.04 -63.07; SY 34.80 37.00; SZ -26.50 31.40; TC 21.78 -72.20; TD 11.50 16.50
        TF -49.35 70.22; TG 7.20 1.10; TH 14.70 101.00; TJ 38.50 69.50; TK -9.17 -171.80; TL -8.75 125.90
        TM 38.50 59.50; TN 35.90 10.10; TO -21.13 -175.20; TR 39.20 33.50; TT 10.50 -61.35; TV -8.52 179.20
        TW 24.30 120.90; TZ -5.80 35.50; UA 49.00 31.50; UG 0.60 32.50; UM 19.28 166.65; US 37.30 -93.50
        UY -34.40 -56.00; UZ 40.30 67.80; VA 41.90 12.45; VC 13.20 -61.20; VE 9.70 -68.00; VG 18.43 -64.62
        VI 18.10 -64.85; VN 15.80 106.60; VU -17.00 168.00; WF -13.50 -176.90; WS -13.80 -172.00; XK 42.60 20.90
        YE 14.70 44.50; YT -12.80 45.15; ZA -28.00 28.20; ZM -13.80 28.30; ZW -18.60 30.50
        AN 12.18 -68.97; AP 22.30 114.20; CS 44.00 20.80; UK 52.60 -1.60
        """
}
