// Losses after the whole plan against the rate, for every rule. What is asked last is answered; a
// pause between two rules lets newer questions in.
let asked = 0;

function* answers(question) {
  const problem = makeProblem(question.columns, question.y, question.w0);
  const plan = makePlan(problem, question.plan);
  for (const [index, choice] of question.rules.entries()) {
    const optimizer = chosen(choice);
    if (optimizer.error) continue;
    const started = performance.now();
    const losses = Float64Array.from(question.etas, eta =>
      trajectory(problem, optimizer, plan, eta, false),
    );
    const updates = plan.updates * question.etas.length;
    yield { id: question.id, index, losses, updates, milliseconds: performance.now() - started };
  }
}

function answer(question, reply) {
  asked = question.id;
  const each = answers(question);
  const next = () => {
    if (asked !== question.id) return;
    const step = each.next();
    if (step.done) return;
    reply(step.value);
    setTimeout(next, 0);
  };
  next();
}

if (typeof WorkerGlobalScope !== "undefined") onmessage = event => answer(event.data, postMessage);
