import graphql from '@graphql-eslint/eslint-plugin';

const contract = new URL('../../../schema.graphql', import.meta.url).pathname;

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: contract } },
    },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      // Values (a vacancy, a barrier, a payload) are not things and have no id.
      '@graphql-eslint/strict-id-in-types': 'off',
      // Lists page forward only: the way back would need a second order over sealed cursors.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
      // userErrors and the short lists that the design exempts are plain lists.
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];
