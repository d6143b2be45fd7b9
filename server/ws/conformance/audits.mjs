// Runs the server audits of graphql-http (GraphQL over HTTP) against a running server.
//
//   node audits.mjs --url http://127.0.0.1:8080/graphql [--at-least 61]
//
// Prints each audit that is not met and how many are, of how many. Exit status: 0 when as many are met as
// asked for (default 0), 1 otherwise, 2 for wrong arguments.
import process from "node:process";
import { parseArgs } from "node:util";
import { serverAudits } from "graphql-http";

const options = readArguments();
const results = [];
for (const audit of serverAudits({ url: options.url })) {
  results.push(await audit.fn());
}
for (const { status, name, reason } of results) {
  if (status !== "ok") console.log(`audits: ${status}: ${name}: ${reason}`);
}
const met = results.filter(({ status }) => status === "ok").length;
console.log(`audits: ${met} of ${results.length} met`);
if (met < options.atLeast) {
  console.error(`audits: at least ${options.atLeast} must be met`);
  process.exit(1);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: { url: { type: "string" }, "at-least": { type: "string", default: "0" } },
    });
    const atLeast = +values["at-least"];
    if (!Number.isInteger(atLeast) || atLeast < 0) throw new Error("--at-least must be a whole number");
    if (!values.url || !URL.canParse(values.url)) throw new Error("--url http://… is required");
    return { url: values.url, atLeast };
  } catch (error) {
    console.error(`audits: ${error.message}`);
    process.exit(2);
  }
}
