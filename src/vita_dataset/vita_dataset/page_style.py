"""The style sheet of the inspection page, for light and dark, wide and narrow."""

STYLE = """
:root {
  color-scheme: light dark;
  --text: #1c2128; --faint: #667080; --back: #ffffff; --card: #f5f7f9; --line: #d5dae1;
  --state: #1f6feb; --action: #d9480f; --good: #1a7f37; --warn: #9a6700; --bad: #c62828; --frozen: #8250df;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #dde3ea; --faint: #97a3b2; --back: #11151a; --card: #1a2027; --line: #343d48;
    --state: #58a6ff; --action: #ffa657; --good: #56d364; --warn: #e3b341; --bad: #ff7b72; --frozen: #bc8cff;
  }
}
* { box-sizing: border-box; }
body {
  font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
.sub, figcaption, .note { color: var(--faint); } .note, figcaption { font-size: .85rem; } .sub { margin: .1rem 0 1rem; }
.box { border-left: 4px solid var(--line); background: var(--card); border-radius: 6px; }
.box { padding: .6rem 1rem; margin: .6rem 0; }
.box h2 { margin: 0 0 .2rem; font-size: 1rem; } .box ul { margin: 0; padding-left: 1.1rem; }
.box.good { border-color: var(--good); } .box.warn { border-color: var(--warn); } .box.bad { border-color: var(--bad); }
.good > h2 { color: var(--good); } .warn > h2 { color: var(--warn); } .bad > h2 { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--faint); } dd { margin: 0; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .15rem .9rem .15rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--faint); font-weight: 500; } th:first-child, td:first-child, .left { text-align: left; }
.grid { display: grid; gap: .7rem; margin-top: .8rem; }
.grid { grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); }
figure { margin: 0; background: var(--card); border-radius: 6px; padding: .4rem .6rem; }
figcaption { color: var(--text); }
details { border-top: 1px solid var(--line); padding: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
.strip { display: flex; gap: 4px; overflow-x: auto; } .strip div { flex: none; text-align: center; }
.strip img { display: block; height: 108px; border-radius: 4px; }
.strip span { font-size: .75rem; color: var(--faint); }
svg { display: block; width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--faint); }
.only { max-width: 28rem; } svg path { fill: none; vector-effect: non-scaling-stroke; } .axis { stroke: var(--line); }
.state { stroke: var(--state); stroke-width: 2.2; opacity: .75; } .action { stroke: var(--action); stroke-width: 1.1; }
.bar { fill: var(--state); } .timeline { height: 8px; margin-top: 4px; } .whole { fill: var(--line); }
.black { fill: var(--bad); } .frozen { fill: var(--frozen); }
.key::before { content: ""; display: inline-block; width: 1.4em; height: 3px; }
.key::before { margin-right: .4em; vertical-align: middle; }
.key.state, .key.action { opacity: 1; margin-right: 1.2em; }
.key.state::before { background: var(--state); } .key.action::before { background: var(--action); }
"""
