/// How the page looks: two colours that everybody can tell apart, blue for what was given and orange for what was not,
/// and greys; by day and by night.
enum Style {
    static var css: String {
        """
        :root{color-scheme:light dark;--paper:#fcfbf8;--ink:#1d2125;--quiet:#5d666e;--faint:#d9d8d2;--hair:#ebeae5;\
        --land:#d3d1c9;--blue:#2459c9;--orange:#c4560a;--card:#fff}
        @media(prefers-color-scheme:dark){:root{--paper:#131519;--ink:#eceae4;--quiet:#9aa3ab;--faint:#343940;\
        --hair:#23272d;--land:#333940;--blue:#7aa5ff;--orange:#ff9d4d;--card:#191c21}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,\
        "Segoe UI",Roboto,"Helvetica Neue","Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums;\
        -webkit-text-size-adjust:100%}
        main,header,footer{max-width:1128px;margin:0 auto;padding:0 24px}
        header{padding-top:56px}
        .over{margin:0;color:var(--quiet);font-size:14px}
        .over b{color:var(--ink);font-weight:600}
        h1{margin:14px 0 0;max-width:21em;font-size:clamp(27px,4.4vw,44px);line-height:1.14;letter-spacing:-.021em;\
        font-weight:680;text-wrap:balance}
        .lead{margin:16px 0 0;max-width:44em;color:var(--quiet);font-size:17px}
        dl.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:26px 24px;margin:40px 0 0;\
        padding:24px 0 0;border-top:1px solid var(--faint)}
        dl.figures div{display:flex;flex-direction:column}
        dl.figures dt{order:2;color:var(--quiet);font-size:14px;line-height:1.4}
        dl.figures dd{margin:0 0 4px;font-size:26px;line-height:1.15;font-weight:640;letter-spacing:-.015em;white-space:nowrap}
        dl.figures dd.bad{color:var(--orange)}
        .broken{margin:28px 0 0;padding:14px 18px 14px 34px;border-left:4px solid var(--orange);background:var(--card)}
        figure{margin:0;min-width:0}
        figure.map{margin:44px 0 0}
        h2{margin:0;font-size:19px;line-height:1.3;letter-spacing:-.008em;font-weight:640}
        .take{margin:4px 0 14px;color:var(--quiet);font-size:15px;line-height:1.5;max-width:38em;text-wrap:pretty}
        .plots{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 48px;margin:56px 0 0}\
        .plots figure{display:grid;grid-row:span 4;grid-template-rows:subgrid;margin-bottom:52px}
        .wide{grid-column:1/-1}
        svg{display:block;width:100%;height:auto;overflow:visible;font:13px/1 inherit}
        svg text{font-family:inherit;font-size:13px;fill:var(--quiet)}
        svg .label{font-weight:600;fill:var(--ink);paint-order:stroke;stroke:var(--paper);stroke-width:4px;\
        stroke-linejoin:round}
        svg .label.blue{fill:var(--blue)}svg .label.orange{fill:var(--orange)}svg .label.grey{fill:var(--quiet);font-weight:500}
        .grid{stroke:var(--hair);fill:none}
        .axis{stroke:var(--faint);fill:none}
        .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
        .line.blue{stroke:var(--blue)}.line.orange{stroke:var(--orange)}.line.grey{stroke:var(--quiet);stroke-width:1.4}
        .line.thin{stroke:var(--blue);stroke-width:1;stroke-opacity:.32}
        .line.dashed{stroke-dasharray:5 5;stroke-linecap:butt}
        .area{stroke:none}.area.blue{fill:var(--blue);fill-opacity:.14}.area.orange{fill:var(--orange);fill-opacity:.2}
        .bar.blue{fill:var(--blue)}.bar.orange{fill:var(--orange)}
        .land{fill:none;stroke:var(--land);stroke-width:3.1;stroke-linecap:round;stroke-dasharray:0 \(WorldMap.dash)}
        .flow{fill:none;stroke:var(--orange);stroke-linecap:round}
        .region{fill:var(--orange);stroke:var(--paper);stroke-width:1.2}
        .share{fill:var(--paper);fill-opacity:.72;stroke:var(--blue);stroke-width:1.5}
        .spent{fill:var(--blue)}
        .down .share{stroke:var(--quiet);stroke-dasharray:2 2}.down .spent{fill:var(--quiet)}
        ul.key{display:flex;flex-wrap:wrap;gap:6px 26px;margin:14px 0 0;padding:0;list-style:none;color:var(--quiet);\
        font-size:14px}
        ul.key li{display:flex;align-items:center;gap:8px}
        ul.key svg{width:20px;height:20px;flex:none}
        details{margin:12px 0 0;font-size:14px}
        summary{cursor:pointer;color:var(--quiet);width:max-content;border-radius:4px}
        summary:hover{color:var(--ink)}
        summary:focus-visible{outline:2px solid var(--blue);outline-offset:3px}
        .scroll{overflow-x:auto;max-height:340px;overflow-y:auto;margin:10px 0 0}
        table{border-collapse:collapse;width:100%;font-size:14px;line-height:1.4}
        th,td{padding:6px 14px 6px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--hair);font-weight:400}
        th:first-child{text-align:left;white-space:normal;min-width:150px}
        thead th{color:var(--quiet);border-bottom-color:var(--faint);position:sticky;top:0;background:var(--paper)}
        .plots .plain{display:block}.plain .scroll{max-height:none}
        footer{margin-top:24px;padding-top:20px;padding-bottom:56px;color:var(--quiet);font-size:14px}
        footer p{max-width:50em;margin:0 0 8px}
        code{font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;\
        overflow-wrap:anywhere;color:var(--ink)}
        @media(max-width:760px){header{padding-top:32px}main,header,footer{padding-left:18px;padding-right:18px}\
        .plots{grid-template-columns:minmax(0,1fr)}figure.map svg.map{width:112%;margin-left:-6%}\
        figure.map{overflow:hidden}\
        dl.figures{grid-template-columns:repeat(2,minmax(0,1fr));gap:24px 20px;margin-top:28px}dl.figures dd{font-size:24px}}
        @media(max-width:560px){svg text{font-size:17px}.line{stroke-width:2.6}}
        @media print{body{background:#fff}details{display:none}}
        """
    }
}
