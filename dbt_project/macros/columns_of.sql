{#
    Columns of several models, each name once, for a select: the first model that has a
    name gives it. The batch token stays behind the stage line: with the real month beside
    shifted dates, a patient's shift can be found.

    Arguments:
        models (list of pairs): model name and alias in the query.
        without (list of str): names that the query spells itself.
#}
{% macro columns_of(models, without=[]) -%}
    {%- set taken = ['batch_token'] + without -%}
    {%- set lines = [] -%}
    {%- for model, alias in models if execute -%}
        {%- for column in adapter.get_columns_in_relation(ref(model)) -%}
            {%- set name = column.name | lower -%}
            {%- if name not in taken -%}
                {%- do taken.append(name) -%}
                {%- do lines.append(alias ~ '.' ~ name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ (lines or ['1 as parsed']) | join(',\n        ') }}
{%- endmacro %}
