from . import (
    business_line,
    business_rules,
    business_rules_sending,
    business_rule_item,
    business_temporary_rule,
    business_scheduling_rule,
    business_support_document,
    business_template,
    document,
)
