// Prints the files that a program needs, as @vercel/nft finds them; Next.js and serverless deployments do so.

import { nodeFileTrace } from '@vercel/nft';

const { fileList } = await nodeFileTrace(['main.cjs']);
console.log([...fileList].join('\n'));
