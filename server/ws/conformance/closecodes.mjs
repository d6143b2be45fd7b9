// Lets the same clients speak to the reference server of graphql-transport-ws (npm graphql-ws) and to a
// running server, and compares what the two say and how they close.
//
//   node closecodes.mjs --url ws://127.0.0.1:8080/graphql --token=TOKEN --after=CURSOR --notices 4 --lot WT-1
//
//   --url      WebSocket address of the server, with its usual settings
//   --token    access token of a driver
//   --after    cursor behind which the driver has --notices notices
//   --lot      code of a lot where nothing happens meanwhile
//   --table    where the differences stand (default ../../../docs/close-codes.md, from this file)
//   --verbose  prints every transcript
//
// A scenario may differ only as the table says, and must differ then. Exit status: 0 when all is as
// expected, 1 otherwise, 2 for wrong arguments.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { connect, normalised } from "./line.mjs";
import { startReference } from "./reference.mjs";
import { scenarios } from "./scenarios.mjs";

const hopeless = "Bearer hopeless";
const maxMessage = 64 << 10;

const options = readArguments();
const complain = console.error;
console.error = () => {}; // where the reference server tells of what the scenarios do to it
const documented = await readTable(options.table);
const reference = await startReference({ hopeless, notices: options.notices, maxPayload: maxMessage });
const env = { hopeless, maxMessage, after: options.after, notices: options.notices, lot: options.lot };
const outcomes = await Promise.all(scenarios.map(compare));
await reference.close();
report(outcomes);

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: "string" },
        token: { type: "string" },
        after: { type: "string" },
        notices: { type: "string", default: "4" },
        lot: { type: "string" },
        table: { type: "string", default: new URL("../../../docs/close-codes.md", import.meta.url).pathname },
        verbose: { type: "boolean", default: false },
      },
    });
    for (const name of ["url", "token", "after", "lot"]) {
      if (!values[name]) throw new Error(`--${name} is required`);
    }
    return { ...values, notices: +values.notices };
  } catch (error) {
    console.error(`close codes: ${error.message}`);
    process.exit(2);
  }
}

// Reads rows of: | scenario | `reference` | `parkbff` | reason |
async function readTable(path) {
  const rows = new Map();
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, name, theirs, ours, reason] = cells;
    if (cells.length !== 6 || !/^`.*`$/.test(theirs) || !reason) continue;
    rows.set(name, { theirs: theirs.slice(1, -1), ours: ours.slice(1, -1) });
  }
  return rows;
}

async function compare(scenario) {
  const [theirs, ours] = await Promise.all([
    play(scenario, reference.url, "Bearer anybody"),
    play(scenario, options.url, `Bearer ${options.token}`),
  ]);
  return { name: scenario.name, theirs, ours };
}

async function play({ protocols = ["graphql-transport-ws"], header, authorised, byID, onlyEnd, run }, url, authorization) {
  try {
    const line = await connect(url, protocols, header);
    await run(line, env, authorised && authorization);
    const heard = await line.transcript();
    return normalised(onlyEnd ? heard.slice(-1) : heard, byID);
  } catch (error) {
    return `failed: ${error.message}`;
  }
}

function report(outcomes) {
  const complaints = outcomes.map(complaint).filter(Boolean);
  const known = new Set(outcomes.map(({ name }) => name));
  for (const name of documented.keys()) {
    if (!known.has(name)) complaints.push(`${name}: the table names a scenario that does not exist`);
  }
  if (options.verbose) for (const { name, ours } of outcomes) console.log(`close codes: ${name}: ${ours}`);
  for (const text of complaints) complain(`close codes: ${text}`);
  const rest = outcomes.filter(({ name }) => !documented.has(name));
  const equal = rest.filter(({ theirs, ours }) => theirs === ours).length;
  console.log(`close codes: ${documented.size} further scenarios differ, as docs/close-codes.md says and why`);
  console.log(`close codes: ${equal} of ${rest.length} scenarios equal`);
  process.exit(complaints.length > 0 ? 1 : 0);
}

function complaint({ name, theirs, ours }) {
  const both = `\n  reference  ${theirs}\n  server     ${ours}`;
  if (`${theirs} ${ours}`.includes("failed: ")) return `${name}: could not be played${both}`;
  const row = documented.get(name);
  if (!row) return theirs === ours ? "" : `${name}: differs, and the table does not say why${both}`;
  if (theirs === ours) return `${name}: the table says it differs, and it does not${both}`;
  if (row.theirs !== theirs || row.ours !== ours) return `${name}: differs in another way than the table says${both}`;
  return "";
}
