// The reference server of graphql-transport-ws: graphql-ws over ws, with the part of the contract that
// the scenarios ask for.
import { buildSchema, GraphQLError } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  type Query { viewer: Viewer!, lots(first: Int): LotConnection! }
  type Viewer { tier: String! }
  type LotConnection { edges: [LotEdge!]! }
  type LotEdge { node: Lot! }
  type Lot { code: String!, gates: [Gate!] }
  type Gate { code: String! }
  type Mutation { sendLoginCode(input: SendLoginCodeInput!): SendLoginCodePayload }
  input SendLoginCodeInput { mobile: String! }
  type SendLoginCodePayload { userErrors: [UserError!]! }
  type UserError { code: String! }
  type Subscription { noticeReceived(after: String): NoticeEvent!, lotOccupancyChanged(lotCode: String!): Lot! }
  type NoticeEvent { cursor: String!, notice: Notice! }
  type Notice { id: ID!, kind: String! }
`);

const lot = {
  code: "L-1",
  gates() {
    throw new GraphQLError("not for you");
  },
};
const viewer = { tier: "ANONYMOUS" };

// Starts it on a free port; answers { url, close() }. Notices is how many lie behind the cursor.
export async function startReference({ hopeless, notices, maxPayload }) {
  const roots = {
    query: { viewer, lots: { edges: [{ node: lot }] } },
    mutation: { sendLoginCode: { userErrors: [{ code: "INVALID_MOBILE" }] } },
    subscription: {
      async noticeReceived({ after }, { signedIn }) {
        if (!signedIn) throw new GraphQLError("sign in first");
        return received(after ? notices : 0);
      },
      lotOccupancyChanged: () => forever([{ lotOccupancyChanged: lot }]),
    },
  };
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/graphql", maxPayload });
  const graphql = useServer(
    {
      schema,
      roots,
      isProd: true,
      connectionInitWaitTimeout: 10_000,
      onConnect: ({ connectionParams }) => connectionParams?.Authorization !== hopeless,
      context: ({ connectionParams }) => ({ signedIn: Boolean(connectionParams?.Authorization) }),
    },
    server,
  );
  await new Promise((resolve) => server.once("listening", resolve));
  return { url: `ws://127.0.0.1:${server.address().port}/graphql`, close: () => graphql.dispose() };
}

function received(count) {
  const cursors = Array.from({ length: count }, (_, i) => i + 1);
  return forever(cursors.map((i) => ({ noticeReceived: { cursor: `c${i}`, notice: { id: `n${i}`, kind: "ENTRY" } } })));
}

// Gives the events and then waits. It is no generator: one that waits does not hear return().
function forever(events = []) {
  let end;
  const over = new Promise((resolve) => (end = () => resolve({ done: true, value: undefined })));
  return {
    next: async () => (events.length > 0 ? { done: false, value: events.shift() } : over),
    return: async () => (end(), { done: true, value: undefined }),
    throw: async (error) => (end(), Promise.reject(error)),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
