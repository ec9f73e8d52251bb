{#
    Groups of fewer than k patients who share everything that others may know of them.

    An age counts by its ten years, a date by its year; rows of one patient count once.
    A null is a value of its own: who is alone in having none is alone.

    Arguments:
        columns (list of str): quasi-identifiers.
        k (int): patients that a group must have.
        who (str): column that tells patients apart.
#}
{% test k_anonymity(model, columns, k=5, who='patient_key') %}
select
    {%- for column in columns %}
    {{ quasi_identifier(column) }} as {{ column }},
    {%- endfor %}
    count(distinct {{ who }}) as patients
from {{ model }}
group by {% for column in columns %}{{ loop.index }}{% if not loop.last %}, {% endif %}{% endfor %}
having count(distinct {{ who }}) < {{ k }}
{% endtest %}
