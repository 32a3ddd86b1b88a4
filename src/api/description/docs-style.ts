/** The look of the page of the API. No address in it: the page works without a network. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5c6878; --line: #e1e6ec; --paper: #fff;
  --pane: #f6f8fa; --accent: #0b6bcb; --get: #0a7d4f; --post: #0b6bcb; --patch: #9a6700; --put: #9a6700; --delete: #c4314b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #9aa7b5; --line: #2c3540;
  --paper: #12171d; --pane: #1a2129; --accent: #6cb2ff; --get: #4ac58e; --post: #6cb2ff; --patch: #e0b050; --put: #e0b050; --delete: #ff7b8d; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body { margin: 0; font: 15px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  display: grid; grid-template-columns: 290px minmax(0, 1fr); }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
code, pre { font: 13px/1.5 ui-monospace, 'DejaVu Sans Mono', monospace; }
code { overflow-wrap: anywhere; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem 2rem 1.25rem;
  background: var(--pane); border-right: 1px solid var(--line); font-size: 13.5px; }
nav h1 { font-size: 1.15rem; margin: 0; } nav > p { color: var(--soft); margin: .1rem 0 1rem; }
nav h2 { font-size: .74rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 1.3rem 0 .3rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: flex; gap: .5rem; align-items: baseline; padding: .16rem 0; color: var(--ink); }
main { padding: 2rem 2.5rem 6rem; max-width: 940px; }
main > h2 { margin: 3.2rem 0 .2rem; padding-top: .4rem; border-top: 1px solid var(--line); }
.lead { color: var(--soft); margin-top: 0; }
.method { font: 700 11px/1 ui-monospace, monospace; text-transform: uppercase; min-width: 3.6em; display: inline-block; }
.get { color: var(--get); } .post { color: var(--post); } .patch, .put { color: var(--patch); } .delete { color: var(--delete); }
section { margin: 1.8rem 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
section > header { background: var(--pane); padding: .7rem 1rem; border-bottom: 1px solid var(--line); }
section > header h3 { margin: 0; font-size: 1rem; } section > header p { margin: .3rem 0 0; }
section > div { padding: .3rem 1rem 1rem; }
h4 { margin: 1.1rem 0 .35rem; font-size: .74rem; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
td { border-top: 1px solid var(--line); padding: .38rem .6rem .38rem 0; vertical-align: top; }
tr:first-child > td { border-top: 0; } td:first-child { width: 32%; }
td p, td ul { margin: 0 0 .3rem; } ul { padding-left: 1.1rem; }
.type { color: var(--soft); font-size: 13px; } .must { color: var(--delete); font-size: 12px; }
.scope { color: var(--soft); font-size: 13px; }
details { margin: .25rem 0; } summary { cursor: pointer; } details > table { margin: .2rem 0 .4rem .9rem; width: calc(100% - .9rem); }
.status { font-weight: 600; } .s4, .s5 { color: var(--delete); } .s2, .s3 { color: var(--get); }
pre { background: var(--pane); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; overflow-x: auto; margin: .4rem 0; }
@media (max-width: 760px) { body { display: block; } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; } td:first-child { width: 40%; } }
`;
