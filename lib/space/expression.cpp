// SPDX-License-Identifier: Apache-2.0
#include "space/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/error.hpp"
#include "space/arithmetic.hpp"
#include "space/syntax.hpp"

namespace hpo::space {
namespace {

using Lookup = Expression::Lookup;

Value evaluate_node(const Node& node, const Lookup& lookup);

bool is_true_node(const Node& node, const Lookup& lookup) {
  return truth(evaluate_node(node, lookup));
}

Value evaluate_name(const Node& node, const Lookup& lookup) {
  auto value = lookup(node.name);
  if (!value) throw Error(fmt::format("'{}'", node.name), "unknown name");
  return *std::move(value);
}

Value evaluate_call(const Node& node, const Lookup& lookup) {
  std::vector<Value> arguments;
  arguments.reserve(node.children.size());
  for (const auto& child : node.children) arguments.push_back(evaluate_node(child, lookup));
  return node.function->apply(arguments);
}

Value evaluate_chain(const Node& node, const Lookup& lookup) {
  Value result = evaluate_node(node.children[0], lookup);
  for (std::size_t i = 0; i < node.operators.size(); ++i)
    result = calculate(node.operators[i], result, evaluate_node(node.children[i + 1], lookup));
  return result;
}

bool evaluate_comparison(const Node& node, const Lookup& lookup) {
  Value left = evaluate_node(node.children[0], lookup);
  for (std::size_t i = 0; i < node.operators.size(); ++i) {
    Value right = evaluate_node(node.children[i + 1], lookup);
    if (!compare(node.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

bool evaluate_membership(const Node& node, const Lookup& lookup) {
  const Value operand = evaluate_node(node.children[0], lookup);
  if (!is_active(operand)) return false;
  const bool found = std::any_of(node.children.begin() + 1, node.children.end(), [&](const Node& element) {
    return compare(Operator::equal, operand, evaluate_node(element, lookup));
  });
  return found == (node.kind == Node::Kind::membership);
}

Value evaluate_node(const Node& node, const Lookup& lookup) {
  const auto holds = [&lookup](const Node& child) { return is_true_node(child, lookup); };
  switch (node.kind) {
    case Node::Kind::literal:
      return node.literal;
    case Node::Kind::name:
      return evaluate_name(node, lookup);
    case Node::Kind::call:
      return evaluate_call(node, lookup);
    case Node::Kind::negate:
      return negate(evaluate_node(node.children[0], lookup));
    case Node::Kind::no:
      return !holds(node.children[0]);
    case Node::Kind::chain:
      return evaluate_chain(node, lookup);
    case Node::Kind::comparison:
      return evaluate_comparison(node, lookup);
    case Node::Kind::membership:
    case Node::Kind::non_membership:
      return evaluate_membership(node, lookup);
    case Node::Kind::all:
      return std::ranges::all_of(node.children, holds);
    case Node::Kind::any:
      return std::ranges::any_of(node.children, holds);
  }
  HPO_CHECK(false, "a node of an unknown kind");
  return {};
}

// Calls visit(node) for every node, parents first, in the order of the text.
template <class Visit>
void walk(const Node& node, Visit& visit) {
  visit(node);
  for (const auto& child : node.children) walk(child, visit);
}

void add_equality(const Node& a, const Node& b, std::vector<Equality>& equalities) {
  if (a.kind == Node::Kind::name && b.kind == Node::Kind::literal) equalities.push_back({a.name, b.literal});
  if (b.kind == Node::Kind::name && a.kind == Node::Kind::literal) equalities.push_back({b.name, a.literal});
}

void add_equalities(const Node& node, std::vector<Equality>& equalities) {
  if (node.kind == Node::Kind::membership || node.kind == Node::Kind::non_membership) {
    for (std::size_t i = 1; i < node.children.size(); ++i)
      add_equality(node.children[0], node.children[i], equalities);
  }
  if (node.kind != Node::Kind::comparison) return;
  for (std::size_t i = 0; i < node.operators.size(); ++i) {
    if (node.operators[i] == Operator::equal || node.operators[i] == Operator::not_equal)
      add_equality(node.children[i], node.children[i + 1], equalities);
  }
}

}  // namespace

struct Expression::Impl {
  std::string text;
  Node root;
  std::vector<std::string> names;
  std::vector<Equality> equalities;
};

Expression Expression::parse(std::string_view text) {
  auto impl = std::make_shared<Impl>();
  impl->text = text;
  impl->root = parse_syntax(text);
  auto visit = [&impl](const Node& node) {
    if (node.kind == Node::Kind::name && std::ranges::find(impl->names, node.name) == impl->names.end())
      impl->names.push_back(node.name);
    add_equalities(node, impl->equalities);
  };
  walk(impl->root, visit);
  return Expression(std::move(impl));
}

Expression::Expression(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Expression::Expression(const Expression&) = default;
Expression& Expression::operator=(const Expression&) = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Value Expression::evaluate(const Lookup& lookup) const {
  return evaluate_node(impl_->root, lookup);
}
bool Expression::is_true(const Lookup& lookup) const {
  return is_true_node(impl_->root, lookup);
}
const std::vector<std::string>& Expression::names() const {
  return impl_->names;
}
const std::vector<Equality>& Expression::equalities() const {
  return impl_->equalities;
}
const std::string& Expression::text() const {
  return impl_->text;
}

}  // namespace hpo::space
