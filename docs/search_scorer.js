// Scores of search results: Sphinx's own, except that the decision records come last.
var Scorer = {
  score: function (result) {
    const [docname, , , , score] = result;
    return docname.startsWith("decisions/") ? score - 1000 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
