/**
 * Stages that need each other: the strongly connected parts of a graph, by Tarjan's algorithm. Made
 * without recursion, since a chain may be as long as the file.
 */

interface Visit {
  readonly node: number;
  /** How many of its edges were followed. */
  next: number;
}

/** For each node, a number that it shares with exactly those that reach it and are reached by it. */
export function circlesOf(edges: readonly (readonly number[])[]): readonly number[] {
  const circle = new Array<number>(edges.length).fill(-1);
  const order = new Array<number>(edges.length).fill(-1);
  const lowest = [...order];
  const open: number[] = [];
  const path: Visit[] = [];
  let count = 0;
  const enter = (node: number): void => {
    order[node] = lowest[node] = count++;
    open.push(node);
    path.push({ node, next: 0 });
  };
  const lower = (node: number, to: number | undefined): void => {
    lowest[node] = Math.min(lowest[node] ?? count, to ?? count);
  };
  const leave = (node: number): void => {
    path.pop();
    const parent = path.at(-1);
    if (parent !== undefined) lower(parent.node, lowest[node]);
    if (lowest[node] !== order[node]) return;
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      circle[member] = node;
      if (member === node) break;
    }
  };
  for (const start of edges.keys()) {
    if (order[start] === -1) enter(start);
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const target = edges[visit.node]?.[visit.next++];
      if (target === undefined) leave(visit.node);
      else if (order[target] === -1) enter(target);
      else if (circle[target] === -1) lower(visit.node, order[target]);
    }
  }
  return circle;
}
