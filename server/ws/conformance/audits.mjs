// Runs the server audits of graphql-http (GraphQL over HTTP) against a running server.
//
//   node audits.mjs --url http://127.0.0.1:8080/graphql --audits 61
//     [--where production] [--header "Name: value"] [--except 28B9,2EA1]
//
// Prints each audit that is not met and, in the end, how many are, of how many. Exit status: 0 when there are as
// many audits as said and those that are not met are the exceptions, neither more nor fewer; 1 otherwise; 2 for
// wrong arguments.
import process from "node:process";
import { parseArgs } from "node:util";
import { serverAudits } from "graphql-http";

const options = readArguments();
const results = [];
for (const audit of serverAudits({ url: options.url, fetchFn: withHeader })) {
  results.push(await audit.fn());
}
const unmet = results.filter(({ status }) => status !== "ok");
const unexpected = unmet.filter(({ id }) => !options.except.has(id));
const vanished = [...options.except].filter((id) => !unmet.some((result) => result.id === id));
for (const { id, status, name, reason } of unmet) {
  const known = options.except.has(id) ? "exception" : status;
  console.log(`graphql-http: ${known}: ${id} ${name}: ${reason}`);
}
for (const id of vanished) console.log(`graphql-http: ${id} is an exception no more: take it off the list`);
const where = options.where ? ` in ${options.where}` : "";
const exceptions = options.except.size ? `, ${options.except.size} excepted` : "";
console.log(`graphql-http: ${results.length - unmet.length} of ${results.length} audits ok${where}${exceptions}`);
if (results.length !== options.audits) console.error(`graphql-http: there should be ${options.audits} audits`);
if (results.length !== options.audits || unexpected.length || vanished.length) process.exitCode = 1;

function withHeader(url, request = {}) {
  return fetch(url, { ...request, headers: { ...request.headers, ...options.header } });
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: "string" },
        audits: { type: "string" },
        where: { type: "string", default: "" },
        header: { type: "string" },
        except: { type: "string", default: "" },
      },
    });
    const audits = +values.audits;
    if (!Number.isInteger(audits) || audits < 1) throw new Error("--audits must say how many there are");
    if (!values.url || !URL.canParse(values.url)) throw new Error("--url http://… is required");
    const [name, value] = values.header?.split(": ") ?? [];
    if (values.header && !value) throw new Error('--header must be "Name: value"');
    return {
      url: values.url,
      audits,
      where: values.where,
      header: name ? { [name]: value } : {},
      except: new Set(values.except.split(",").filter(Boolean)),
    };
  } catch (error) {
    console.error(`graphql-http: ${error.message}`);
    process.exit(2);
  }
}
