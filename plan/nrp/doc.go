// Package nrp solves the next release problem exactly: which requirements to build within
// a budget such that the customers who get all they want bring the most profit.
//
// The problem is due to Bagnall, Rayward-Smith and Whittley ("The next release problem",
// Information and Software Technology 43, 2001). Requirements may need others, and
// customers share them, so that the cost of a choice is that of a union. In operations
// research it is known as the set union knapsack problem.
//
// Solve works in four steps, each in a file of its own:
//
//   - core.go boils the instance down: what all customers of some requirements share is
//     one, and what only one customer needs is a price of that customer;
//   - dual.go bounds the profit by pricing the cost, with minimum cuts and exact ratios;
//   - anneal.go looks for good choices, greedily and by annealing, which with the bound
//     decide most of the core;
//   - tree.go decides the rest by branch and bound.
//
// All bounds are computed in whole numbers, so what is said to be proven is. A search that
// is stopped early tells the best choice it has and how much better one could be.
package nrp
