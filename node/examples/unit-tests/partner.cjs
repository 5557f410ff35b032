'use strict';

// A part of a program, whose tests are beside it.

const { Client, SeekAuthError } = require('seekauth');

const query = 'query Partner { self { partner { name } } }';

/** The partner's name, or `undefined` while SEEK is not to be had. */
exports.partnerName = async (client) => {
  try {
    const { data } = await client.graphql(query, { operationName: 'Partner', throwOnErrors: true });
    return data.self.partner.name;
  } catch (error) {
    if (error instanceof SeekAuthError && error.retryable) return undefined;
    throw error;
  }
};

/** A program's one client, made from its environment. */
exports.openClient = () => Client.fromEnv();
